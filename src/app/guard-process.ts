import { writeFileSync } from 'node:fs'
import { isatty } from 'node:tty'
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
  outliveSignals(log)
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

/**
 * At these signals other proxies reload, or open their logs anew; without a listener they would end the process at once, and
 * with it what is under way. With --disable-sigusr1 no inspector opens. Envoy does nothing at SIGHUP either
 * (source/server/server.cc). That of a terminal that closes is an end: `createProcessTerminal`.
 */
const outliveSignals = (log: Pick<Logger, 'warn'>): void => {
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => {})
  const isAtTerminal = isatty(0)
  process.on('SIGHUP', () => {
    if (isAtTerminal) return
    log.warn('SIGHUP changes nothing: configuration, certificates and log files are watched; SIGTERM drains')
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
