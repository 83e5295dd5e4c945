/** Loaded into a node under test by `--expose-gc --import`: on SIGUSR2 it collects garbage and prints what is left, so that growth is seen to the kilobyte. */
process.on('SIGUSR2', () => {
  for (let pass = 0; pass < 3; pass++) globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  process.stdout.write(`heap ${heapUsed + external}\n`)
})
