/**
 * Who is told of exchanges that are over, line by line: the log that flags ask for, and those that Telemetry objects and
 * the MeshConfig name. Which of them, with which filter, is found once for each policy. Nothing here can make an exchange
 * wait, or fail it.
 */
import type { ExchangeRecord } from '../../filter/record.ts'
import { isEqual } from '../../lib/is-equal.ts'
import { compileCondition } from '../../lib/expression/compile-expression.ts'
import type { Model } from '../../model/model.ts'
import type { AccessLogChoice } from '../../model/telemetry/access-log-policy.ts'
import type { TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'
import type {
  FileLogProvider,
  LogFormat,
  OtelLogProvider,
  TelemetryProvider,
} from '../../model/telemetry/telemetry-provider.ts'
import { decisionFields, type DecisionFields } from '../decisions/decision-fields.ts'
import { attributeScope } from './attribute-scope.ts'
import type { LineQueue } from './line-queue.ts'
import { createLineWriter, jsonFormat, type LineWriter } from './format/line-writer.ts'
import type { LogHost } from './format/operator-facts.ts'
import type { Told } from './told.ts'

/** The log that flags ask for. */
export interface FlaggedLog {
  readonly path: string
  /** Absent: Istio's text. */
  readonly format?: LogFormat | undefined
  /** A condition that is known to be one. */
  readonly filter?: string | undefined
}

/** What takes an exchange that has passed its filter. */
export interface LogOutput {
  readonly tell: (told: Told, decision: DecisionFields | undefined) => void
}

export interface AccessLogOptions {
  /** Absent: none. */
  readonly flagged?: FlaggedLog | undefined
  /** Whose line tells what AuthorizationPolicies decided (`createDecisionChoice`), whether it has another or not; default none. */
  readonly tellsDecision?: (record: ExchangeRecord) => boolean
  /** What writes to a path. */
  readonly queueOf: (path: string) => LineQueue
  /** Opens what reports to a collector; `undefined`: such logs are not told. */
  readonly openCollector?: (provider: OtelLogProvider) => LogOutput
  readonly host: LogHost
  readonly random: () => number
}

export interface AccessLogs {
  readonly record: (record: ExchangeRecord, exchange?: Told['exchange']) => void
  /** Takes note of the providers that policies of this model name. */
  readonly apply: (model: Pick<Model, 'telemetry'>) => void
}

/** An output with what has to be true of an exchange. */
interface Chosen {
  readonly output: LogOutput
  readonly filter: ((told: Told) => boolean) | undefined
}

const STDOUT = '/dev/stdout'

/** Makes the logs of one process. */
export const createAccessLogs = (options: AccessLogOptions): AccessLogs => {
  const { tellsDecision = () => false } = options
  const outputs = new Outputs(options)
  return {
    record: (record, exchange) => {
      const decision = tellsDecision(record) ? decisionFields(record) : undefined
      const chosen = outputs.of(record.telemetry)
      if (chosen.length === 0 && decision === undefined) return
      const told = { record, exchange }
      let isTold = false
      for (const { output, filter } of chosen) {
        if (filter !== undefined && !filter(told)) continue
        output.tell(told, decision)
        isTold = true
      }
      // A decision is told even if nothing else is.
      if (!isTold && decision !== undefined) outputs.decisions().tell(told, decision)
    },
    apply: ({ telemetry }) => outputs.apply(telemetry?.providers ?? []),
  }
}

const none: readonly Chosen[] = []

class Outputs {
  readonly #options: AccessLogOptions
  readonly #flagged: readonly Chosen[]
  #current: readonly TelemetryProvider[] = []
  #providers: readonly TelemetryProvider[] = []
  #byProvider = new Map<string, LogOutput | undefined>()
  #byPolicy = new WeakMap<TelemetryPolicy, readonly Chosen[]>()
  #decisions: LogOutput | undefined

  constructor(options: AccessLogOptions) {
    this.#options = options
    const { flagged } = options
    this.#flagged =
      flagged === undefined ? none : [{ output: this.#openFile(flagged), filter: this.#compile(flagged.filter) }]
  }

  /**
   * What a provider that has not changed had open stays; and one that is gone is there once more, for what the model
   * before has under way.
   */
  apply(providers: readonly TelemetryProvider[]): void {
    if (isEqual(providers, this.#current)) return
    const known = new Map(this.#providers.map((provider) => [provider.name, provider]))
    const names = new Set(providers.map(({ name }) => name))
    this.#providers = [...providers, ...this.#current.filter(({ name }) => !names.has(name))]
    this.#current = providers
    const kept = new Set(this.#providers.filter((one) => isEqual(one, known.get(one.name))).map(({ name }) => name))
    this.#byProvider = new Map([...this.#byProvider].filter(([name]) => kept.has(name)))
    this.#byPolicy = new WeakMap()
    // The way to a collector is opened before anybody has to be told something.
    for (const provider of providers) if (provider.kind === 'otel-log') this.#outputOf(provider.name)
  }

  of(policy: TelemetryPolicy | undefined): readonly Chosen[] {
    if (policy?.accessLogs === undefined) return this.#flagged
    const known = this.#byPolicy.get(policy)
    if (known !== undefined) return known
    const chosen = policy.accessLogs.logs.flatMap((choice) => this.#choose(choice))
    this.#byPolicy.set(policy, chosen)
    return chosen
  }

  /** For decisions of exchanges that have no line. */
  decisions(): LogOutput {
    this.#decisions ??= this.#flagged[0]?.output ?? this.#openFile({ path: STDOUT, format: jsonFormat })
    return this.#decisions
  }

  #choose({ provider, filter }: AccessLogChoice): readonly Chosen[] {
    const own = this.#compile(filter)
    if (provider !== undefined) {
      const output = this.#outputOf(provider)
      return output === undefined ? none : [{ output, filter: own }]
    }
    return this.#flagged.map((flagged) => ({ ...flagged, filter: both(flagged.filter, own) }))
  }

  #outputOf(name: string): LogOutput | undefined {
    if (!this.#byProvider.has(name)) {
      const provider = this.#providers.find((one) => one.name === name)
      this.#byProvider.set(name, provider === undefined ? undefined : this.#open(provider))
    }
    return this.#byProvider.get(name)
  }

  #open(provider: TelemetryProvider): LogOutput | undefined {
    switch (provider.kind) {
      case 'file-log':
        return this.#openFile(provider)
      case 'otel-log':
        return this.#options.openCollector?.(provider)
      case 'prometheus':
      case 'opentelemetry':
      case 'unsupported':
        return undefined
    }
  }

  #openFile({ path, format }: Pick<FileLogProvider, 'path'> & { readonly format?: LogFormat | undefined }): LogOutput {
    const queue = this.#options.queueOf(path)
    const write: LineWriter = createLineWriter(format, this.#options.host)
    return { tell: (told, decision) => queue.push(write(told, decision)) }
  }

  /** One that cannot be compiled has a condition that says so, and keeps nothing out. */
  #compile(filter: string | undefined): Chosen['filter'] {
    if (filter === undefined) return undefined
    const compiled = compileCondition(filter, attributeScope(this.#options.random))
    return compiled.ok ? compiled.value : undefined
  }
}

const both = (one: Chosen['filter'], other: Chosen['filter']): Chosen['filter'] =>
  one === undefined || other === undefined ? (one ?? other) : (told) => one(told) && other(told)
