import type { Output, Terminal } from '../verb.ts'

/** Wraps text in a colour, or leaves it as it is. */
export interface Colours {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly cyan: (text: string) => string
}

/** Colours when `output` is a terminal and nobody objects (`NO_COLOR`, `TERM=dumb`). */
export const createColours = (output: Output, env: Terminal['env']): Colours => {
  const isOn = output.isTty && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const wrap = (open: number, close: number) => (text: string) => (isOn ? `\x1b[${open}m${text}\x1b[${close}m` : text)
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    cyan: wrap(36, 39),
  }
}
