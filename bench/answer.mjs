// The other end of child.mjs: does what the parent process asks for, and ends with it.

/** Each action takes the input and returns, or resolves to, the output. */
export function answerParent(actions) {
  process.on('message', async ({ action, input }) => {
    try {
      process.send({ output: await actions[action](input) })
    } catch (error) {
      process.send({ error: error.stack })
    }
  })
  // Open connections would keep it running.
  process.on('disconnect', () => process.exit())
}
