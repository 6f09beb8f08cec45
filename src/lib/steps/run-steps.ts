/** Takes all steps of something that pauses in between, at once. */
export const runSteps = <T>(steps: Generator<void, T>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
