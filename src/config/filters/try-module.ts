import { createHash } from 'node:crypto'
import { createUnheardEnv, InstanceEnv } from '../../filter/env/instance-env.ts'
import type { FilterDefinition } from '../../filter/index.ts'
import { findUndeclared } from '../../filter/body/find-undeclared.ts'
import { checkHooks } from '../../filter/module/check-definition.ts'
import { evaluateModule, type ModuleCode } from '../../filter/module/evaluate-module.ts'
import { faultOf, type ModuleFault } from '../../filter/module/module-fault.ts'
import { systemClock } from '../../lib/clock.ts'
import { formatFault } from '../../lib/format-issue.ts'
import { hideFound } from '../../lib/secrets/hide-found.ts'
import { watchBuiltins } from './shared-builtins.ts'
import { readModule } from './read-module.ts'
import type { TrialData, TrialMessage, TrialOrder, TrialStep } from './trial-messages.ts'

/** Takes what a trial has to say, as it goes. */
export type Post = (message: TrialMessage) => void

/** Loads a module, and makes a filter of it for each of its configurations; what it finds, and what comes next, it posts. */
export const tryModule = async ({ root, entry, isApp, orders }: TrialData, post: Post): Promise<void> => {
  const read = readModule(root, entry)
  post({ kind: 'read', sources: read.sources })
  if (!read.ok) return post({ kind: 'failed', fault: read.fault })
  const code: ModuleCode = isApp === undefined ? read.code : { ...read.code, isApp }
  post({ kind: 'step', step: 'load', file: entry })
  const findChanged = watchBuiltins()
  const evaluated = evaluateModule(code)
  if (!evaluated.ok) return post({ kind: 'failed', fault: evaluated.fault })
  const changed = findChanged()
  if (changed !== undefined) return post({ kind: 'failed', fault: { file: entry, message: tellChanged(changed) } })
  const { definition } = evaluated
  const { kind, stage, body, failureMode } = definition
  const module = { digest: digestOf(code), ...code, kind, stage, ...(body === undefined ? {} : { body }) }
  post({ kind: 'loaded', tried: { module, failureMode } })
  for (const order of orders) await tryOut(definition, order, { code, post, findChanged })
}

const tellChanged = (changed: string): string =>
  `its code, or a package that it uses, changes ${changed}, which all filters and the waypoint share`

interface TryParts {
  readonly code: ModuleCode
  readonly post: Post
  /** What of the things that everybody shares is another than before. */
  readonly findChanged: () => string | undefined
}

/** Makes a filter as a data plane would, and uses it as far as its author has said how. */
const tryOut = async (
  definition: FilterDefinition,
  { key, config }: TrialOrder,
  { code, post, findChanged }: TryParts,
): Promise<void> => {
  const { entry, root } = code
  const abort = new AbortController()
  let at: Pick<ModuleFault, 'file' | 'line'> = { file: entry }
  let isWarming = false
  const begin = (step: TrialStep): void => {
    isWarming = step === 'warmUp'
    at = { file: entry, ...lineOf(step, code) }
    post({ kind: 'step', step, key, file: entry, ...at })
  }
  try {
    begin('create')
    // Of an App it is all of its spec that is not about the trial.
    const where = code.isApp === true ? 'spec' : 'spec.config'
    const decoded = definition.config.decode(config, where)
    if (!decoded.ok) {
      const [issue = { message: 'its schema refuses it' }] = decoded.issues.map((one) =>
        hideFound(one, { spec: code.isApp === true ? config : { config } }),
      )
      const { path = where } = issue
      return post({ kind: 'failed', key, fault: { message: `${path}: ${formatFault(issue)}`, path } })
    }
    const spec = { kind: definition.kind, config, origin: `the trial of ${key}` }
    const env = new InstanceEnv(
      {
        now: systemClock.nowMs,
        random: Math.random,
        // Whoever warms up may wait; what is to be done while requests are served is not done here.
        after: (delayMs, run) => {
          const timer = isWarming ? setTimeout(run, delayMs) : undefined
          return () => clearTimeout(timer)
        },
        log: () => undefined,
        env: () => createUnheardEnv('a filter that is only tried calls nobody'),
      },
      spec,
      abort,
    )
    const filter = definition.create(decoded.value, env)
    const hooks = checkHooks(filter)
    const undeclared = findUndeclared(filter, definition.body)
    if (undeclared !== undefined) throw new TypeError(undeclared)
    if (definition.warmUp !== undefined) {
      begin('warmUp')
      await definition.warmUp(filter, env)
    }
    begin('close')
    abort.abort()
    filter.close?.()
    const changed = findChanged()
    if (changed !== undefined)
      return post({ kind: 'failed', key, fault: { file: entry, message: tellChanged(changed) } })
    post({ kind: 'passed', key, hooks })
  } catch (error) {
    const { message, ...found } = faultOf(error, root)
    post({ kind: 'failed', key, fault: { message, ...(found.file === undefined ? at : found) } })
  }
}

/** Where the definition has a function of that name, for faults that do not say where they come from. */
const lineOf = (step: TrialStep, { files, entry }: ModuleCode): { readonly line?: number } => {
  const lines = (files[entry] ?? '').split('\n')
  const index = lines.findIndex((line) => new RegExp(`\\b${step}\\b\\s*[(:,=]`).test(line))
  return index < 0 ? {} : { line: index + 1 }
}

const digestOf = ({ entry, files, isApp }: ModuleCode): string => {
  const names = Object.keys(files).toSorted()
  const text = JSON.stringify([isApp === undefined ? entry : [entry], names.map((name) => [name, files[name]])])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}
