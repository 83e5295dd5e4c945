/** The clients of odil (Debian package odil): a third implementation, written independently of DCMTK and of us. */
import type { Called } from './dcmtk.ts'
import { type CommandResult, type RunOptions, runCommand } from './run-command.ts'

export interface OdilOptions extends RunOptions {
  readonly calling?: string
}

const call = (verb: string, node: Called, options: OdilOptions, args: readonly string[]): Promise<CommandResult> =>
  runCommand('odil', [verb, '127.0.0.1', String(node.port), options.calling ?? 'ODIL', node.aeTitle, ...args], options)

export const odilEcho = (node: Called, options: OdilOptions = {}) => call('echo', node, options, [])
export const odilStore = (node: Called, files: readonly string[], options: OdilOptions = {}) => call('store', node, options, files)
/** Keys as `Keyword=value`. */
/** `root`: patient or study; the level is a key too. */
export const odilFind = (node: Called, root: string, keys: readonly string[], options: OdilOptions = {}) =>
  call('find', node, options, [root, ...keys])
export const odilGet = (node: Called, root: string, keys: readonly string[], options: OdilOptions = {}) =>
  call('get', node, options, [root, ...keys])
