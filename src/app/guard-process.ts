import { writeFileSync } from 'node:fs'
import type { Logger } from '../lib/log.ts'
import { thrownStack } from '../lib/errors/thrown-text.ts'
import { hideCollector } from '../lib/memory/collector.ts'

/**
 * Makes a process safe to hold keys and traffic; called first in each process of `fairway run`. What cannot be done on a
 * system is silently left undone. `isForgiven`: whether an error that nobody caught is somebody else's doing.
 */
export const guardProcess = (
  log: Pick<Logger, 'warn' | 'error' | 'level' | 'setLevel'>,
  isForgiven: (error: unknown, kind: 'throw' | 'reject') => boolean = () => false,
): void => {
  hideCollector()
  // With --disable-sigusr1 no inspector opens; without a listener the signal would now end the process.
  process.on('SIGUSR1', () => {})
  leaveNothingInCores()
  for (const flag of revealingFlags(process.execArgv, process.env['NODE_OPTIONS'] ?? '')) {
    log.warn(`Node was started with ${flag}: whoever reaches what it opens or writes can read keys and traffic`)
  }
  // Rejections that nobody handles come here as well. What is broken cannot be known, so nothing is carried on.
  process.on('uncaughtException', (error: unknown, origin) => {
    if (isForgiven(error, origin === 'unhandledRejection' ? 'reject' : 'throw')) return
    const what = thrownStack(error)
    // Nobody who silenced the log meant an end without a word.
    if (log.level() === 'off') log.setLevel('error')
    log.error(`this is a bug in fairway, and the process ends (${origin}); please report it: ${what}`, { event: 'bug' })
    process.exit(1)
  })
}

/** A core dump holds private keys. An empty filter leaves all memory out (core(5)); children inherit it. */
const leaveNothingInCores = (): void => {
  try {
    writeFileSync('/proc/self/coredump_filter', '0')
  } catch {
    // Not Linux, or a kernel without core dumps.
  }
}

const REVEALING = new Set([
  ...['--inspect', '--inspect-brk', '--inspect-wait', '--inspect-port', '--heapsnapshot-signal', '--tls-keylog'],
  ...[
    '--heapsnapshot-near-heap-limit',
    '--heap-prof',
    '--trace-tls',
    '--report-on-signal',
    '--report-uncaught-exception',
  ],
  ...['--report-on-fatalerror', '--abort-on-uncaught-exception', '--experimental-inspector-network-resource'],
])

/** Flags of Node, given by whatever way, by which secrets can get out of a process; without their values. */
export const revealingFlags = (execArgv: readonly string[], nodeOptions: string): readonly string[] => {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)].map(
    (flag) => flag.split('=', 1)[0]?.replaceAll('_', '-') ?? '',
  )
  return [...new Set(given.filter((flag) => REVEALING.has(flag)))]
}
