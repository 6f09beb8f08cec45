/** Takes all steps of something that pauses in between, at once. */
export const runSteps = <T>(steps: Iterator<unknown, T>): T => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
