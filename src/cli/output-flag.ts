import type { FlagSpec } from './arguments.ts'
import type { OutputFormat } from './terminal/print-as.ts'

/** `--output`, `-o`: one of these formats, by default the first; `decodeChoice` reads it. */
export const outputFlag = (formats: readonly [first: OutputFormat, ...others: readonly (OutputFormat | 'junit')[]]) =>
  ({
    type: 'string',
    short: 'o',
    default: formats[0],
    value: 'FORMAT',
    choices: formats,
    help: `${formats.join(', ')}; default ${formats[0]}`,
  }) as const satisfies FlagSpec
