/** Sends a body that is made while it is sent.
 *
 *  Promises: the next piece is asked for once the system has taken the one before (back-pressure; two buffers are enough to make it); what fails on
 *  the way cuts the connection, so that the answer never looks whole; in the end, however that comes, nothing of the making is left. */
import type { FastifyReply } from 'fastify'
import type { Pieces } from '../../dicomweb/web-service.ts'

export async function sendPieces(reply: FastifyReply, { pieces }: Pieces): Promise<FastifyReply> {
  reply.hijack()
  const { raw } = reply
  let settle: (isTaken: boolean) => void = () => undefined
  raw.once('close', () => settle(false))
  /** Whether the system took it; a caller that goes away takes nothing. */
  const taken = (piece: Buffer): Promise<boolean> =>
    new Promise((resolve) => {
      settle = resolve
      raw.write(piece, (error) => resolve(error === undefined || error === null))
    })
  try {
    raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>)
    for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) {
      if (raw.destroyed || !(await taken(piece.value))) return reply
    }
    raw.end()
  } catch {
    // Whoever makes the pieces has told why.
    raw.destroy()
  } finally {
    await pieces.return?.().catch(() => undefined)
  }
  return reply
}
