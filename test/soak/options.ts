import { parseArgs } from 'node:util'

/** What `npm run soak --` takes. */
export interface SoakOptions {
  readonly durationMs: number
  /** Requests per second, all together. */
  readonly ratePerSecond: number
  readonly workers: number
  /** Between two kills. */
  readonly killEveryMs: number
  /** Whether the report is JSON. */
  readonly isJson: boolean
  /** Where the plot goes as SVG; absent: nowhere. */
  readonly plotFile: string | undefined
}

export const soakUsage = `npm run soak [-- OPTIONS]
  npm run soak                                  ten minutes
  npm run soak -- --hours 1 --plot soak.svg     as long as leaks take to show
  npm run soak -- --minutes 2 --kill-every 30   to see that it works

  --hours N       how long, in hours
  --minutes N     how long, in minutes; default 10
  --rate N        requests per second, default 2000
  --workers N     data-plane processes, default 2
  --kill-every N  seconds between two workers that are killed, default 300
  --plot FILE     the course of it as SVG
  --json          one JSON document on stdout
  --help          this

Requests of every kind through HBONE, while the configuration is replaced each second, endpoints come and go, certificates
rotate each minute, pods are restarted each half a minute, connections grow old in two minutes, and a worker is killed
each five. Exit code 1 when a verdict is not met, 64 for wrong options.`

/** Reads the arguments after the script's name; throws an `Error` that says what is wrong. */
export const parseSoakOptions = (argv: readonly string[]): SoakOptions => {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      hours: { type: 'string' },
      minutes: { type: 'string' },
      rate: { type: 'string' },
      workers: { type: 'string' },
      'kill-every': { type: 'string' },
      plot: { type: 'string' },
      json: { type: 'boolean' },
    },
  })
  if (values.hours !== undefined && values.minutes !== undefined) throw new Error('--hours or --minutes, not both')
  const minutes = positive('--minutes', values.minutes, 10)
  const hours = positive('--hours', values.hours, minutes / 60)
  return {
    durationMs: Math.round(hours * 3_600_000),
    ratePerSecond: positive('--rate', values.rate, 2000),
    workers: Math.ceil(positive('--workers', values.workers, 2)),
    killEveryMs: positive('--kill-every', values['kill-every'], 300) * 1000,
    isJson: values.json ?? false,
    plotFile: values.plot,
  }
}

const positive = (flag: string, text: string | undefined, fallback: number): number => {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!(value > 0 && value < 1e6)) throw new Error(`${flag} ${text}: a number above 0 is wanted`)
  return value
}
