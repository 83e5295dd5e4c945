/** Loaded into a node under measurement by `--import`, so that nothing is added to the product. Over the IPC channel: 'reset' begins anew, 'read' answers
 *  the longest time that the event loop was held since (milliseconds), and what is left on the heap once garbage is collected (bytes; with --expose-gc). */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const RESOLUTION_MS = 2

if (process.channel !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  process.on('message', (message) => {
    if (message === 'reset') delay.reset()
    else if (message === 'read') process.send({ stallMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) })
    else if (message === 'collect') process.send({ heapBytes: collected() })
  })
  // Listening keeps a process alive; a node must end as it would without.
  process.channel.unref()
}

function collected() {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
