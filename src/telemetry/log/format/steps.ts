import type { Fact, Told } from '../told.ts'

/** Makes a piece of a line. */
export type Write = (told: Told) => string

/** A piece of a line that is the same in most of them: what is read, and what is written of it. */
interface Steady {
  readonly read: Fact
  readonly write: (value: ReturnType<Fact>) => string
}

/** A piece of a line. */
export type Step = Write | Steady

/** Writes all pieces, one behind the other. */
export const joinSteps =
  (steps: readonly Write[]): Write =>
  (told) => {
    let line = ''
    for (let i = 0; i < steps.length; i++) line += steps[i]?.(told) ?? ''
    return line
  }

/** The same steps, where those that stand together and are steady are one, which looks whether anything has changed. */
export const joinSteady = (steps: readonly Step[]): readonly Write[] => {
  const joined: Write[] = []
  let together: Steady[] = []
  const close = (): void => {
    if (together.length > 0) joined.push(writeSteady(together))
    together = []
  }
  for (const step of steps) {
    if (typeof step !== 'function') {
      together.push(step)
      continue
    }
    close()
    joined.push(step)
  }
  close()
  return joined
}

const writeSteady = (parts: readonly Steady[]): Write => {
  const values: ReturnType<Fact>[] = parts.map(() => undefined)
  const texts = parts.map(({ write }) => write(undefined))
  let text = texts.join('')
  let isFlat = true
  return (told) => {
    let isSame = true
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]
      const value = part?.read(told)
      if (part === undefined || value === values[i]) continue
      values[i] = value
      texts[i] = part.write(value)
      isSame = false
    }
    if (!isSame) {
      text = ''
      for (let i = 0; i < texts.length; i++) text += texts[i]
      isFlat = false
    } else if (!isFlat) {
      // Has V8 make one string of the parts, once, and not in each line.
      text.charCodeAt(0)
      isFlat = true
    }
    return text
  }
}

/** A step that is written whatever was written before. */
export const alone = (step: Step): Write => (typeof step === 'function' ? step : (told) => step.write(step.read(told)))
