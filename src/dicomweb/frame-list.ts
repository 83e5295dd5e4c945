/** Frames as an address names them (PS3.18 10.4.1.1.6): numbers from 1 that differ, in any order, joined by commas.
 *
 *  Does not: know how many there are.
 *  @throws WebRefusal 400 */
import { quoted } from './accept.ts'
import { WebRefusal } from './web-service.ts'

export function frameList(text: string, most: number): number[] {
  const numbers = /^\d{1,9}(?:,\d{1,9})*$/.test(text) ? text.split(',').map(Number) : []
  if (numbers.length === 0 || numbers.includes(0) || new Set(numbers).size !== numbers.length)
    throw new WebRefusal(400, `frames: found ${quoted(text)}, expected different numbers from 1 with commas between them`)
  if (numbers.length > most) throw new WebRefusal(400, `frames: more than ${most} at once`)
  return numbers
}
