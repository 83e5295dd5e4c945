/** The body of an answer of a service that is called without a server, as the server would send it. */
import type { Pieces, WebAnswer } from '../../src/dicomweb/web-service.ts'

export async function bytesOf(body: WebAnswer['body']): Promise<Buffer> {
  const { pieces } = body as Pieces
  const sent: Buffer[] = []
  // A piece may be written over once the next one is asked for.
  for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) sent.push(Buffer.from(piece.value))
  await pieces.return?.()
  return Buffer.concat(sent)
}
