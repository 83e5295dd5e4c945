/** The bytes of a socket, read into one buffer that is used again for every read.
 *
 *  Why: a stream allocates 64 KiB for each read. At a hundred megabytes a second that memory, which is not the heap's, made V8 collect garbage ten
 *  times a second: a third of the processor time of receiving (docs/performance.md).
 *  Promises: a chunk is valid until the listener returns; `pause`, `resume` and all events but 'data' are those of the socket.
 *  Node offers such buffers for sockets that we open (`onread` of net.connect), not for those that a server accepts: these change over to a socket
 *  object of ours on the same handle. test/dimse/socket-chunks.test.ts pins that this works with the version of Node in use. */
import { connect, Socket, type TcpNetConnectOpts } from 'node:net'

/** One read takes at most this. In bytes. */
export const READ_BYTES = 128 * 1024

export interface ChunkedSocket {
  readonly socket: Socket
  /** Call once, before the event loop turns. */
  listen(onChunk: (chunk: Buffer) => void): void
}

interface OnRead {
  readonly buffer: Uint8Array
  callback(count: number, buffer: Uint8Array): boolean
}

export function connectChunked(options: Omit<TcpNetConnectOpts, 'onread'>): ChunkedSocket {
  const { onread, listen } = reads()
  return { socket: connect({ ...options, onread } as TcpNetConnectOpts), listen }
}

/** @param accepted  by a server with `pauseOnConnect`: nothing has been read; it is not to be used afterwards */
export function chunkedSocket(accepted: Socket): ChunkedSocket {
  const bare = accepted as unknown as { _handle: unknown }
  const handle = bare._handle
  if (handle === null || handle === undefined) return plainSocket(accepted)
  bare._handle = null
  // The server no longer waits for it; the one of ours is the listener's to close.
  accepted.destroy()
  const { onread, listen } = reads()
  return { socket: new Socket({ handle, onread } as ConstructorParameters<typeof Socket>[0]), listen }
}

/** Gone before anybody looked at it: its end is told like any other's. */
function plainSocket(socket: Socket): ChunkedSocket {
  return { socket, listen: () => void socket.resume() }
}

function reads(): { onread: OnRead; listen: ChunkedSocket['listen'] } {
  let listener = (_chunk: Buffer): void => undefined
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  return {
    onread: {
      buffer,
      callback: (count) => {
        listener(buffer.subarray(0, count))
        return true
      },
    },
    listen: (onChunk) => {
      listener = onChunk
    },
  }
}
