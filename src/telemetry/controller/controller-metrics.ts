import type { ScalarDump } from '../dump.ts'
import type { MetricsFormat } from '../exposition/metrics-format.ts'
import { renderScalars } from '../exposition/scalar-lines.ts'
import { createProcessReadings } from '../process-readings.ts'
import { gauge, otherMetrics, total, type ScalarDefinition } from '../scalars.ts'

/** Something that a controller wrote. */
export interface WriteEvent {
  readonly kind: string
  readonly verb: string
  /** Absent: it worked. */
  readonly failure?: { readonly reason: string }
}

/** How a controller does; absent while another one leads. */
export interface ControllerState {
  readonly gateways: number
  readonly programmed: number
  readonly failures: readonly string[]
  readonly troubles: readonly string[]
  readonly passes: number
  readonly lastPassMs: number
}

export interface ControllerMetrics {
  readonly count: (write: WriteEvent) => void
  /** The whole page. */
  readonly render: (state: ControllerState | undefined, format: MetricsFormat) => Promise<string>
  readonly close: () => void
}

const metrics = {
  writes: {
    ...total(
      'fairway_controller_writes_total',
      'What was written to the API server, or tried, by result: ok or the reason',
    ),
    label: ['kind', 'verb', 'result'],
  },
  leader: gauge('fairway_controller_leader', '1 for the controller that leads'),
  gateways: gauge('fairway_controller_gateways', 'Gateways of our classes'),
  programmed: gauge('fairway_controller_gateways_programmed', 'Gateways with a replica that is ready'),
  failures: gauge('fairway_controller_failures', 'What could not be done at the last look'),
  troubles: gauge('fairway_controller_troubles', 'What cannot be seen of the cluster'),
  passes: gauge('fairway_controller_passes', 'Looks at everything since it leads'),
  passSeconds: gauge('fairway_controller_last_pass_seconds', 'How long the last look took, writing included'),
  cpuSeconds: otherMetrics.cpuSeconds,
  residentBytes: otherMetrics.residentBytes,
} as const satisfies Readonly<Record<string, ScalarDefinition>>

/** What a controller tells, by name. */
export const controllerDefinitions: ReadonlyMap<string, ScalarDefinition> = new Map(
  Object.values(metrics).map((definition) => [definition.name, definition]),
)

/** The metrics of a controller. */
export const createControllerMetrics = (): ControllerMetrics => {
  const readings = createProcessReadings()
  const writes = new Map<string, { readonly label: readonly string[]; value: number }>()
  return {
    count: ({ kind, verb, failure }) => {
      const label = [kind, verb, failure?.reason ?? 'ok']
      const key = label.join(' ')
      const counted = writes.get(key) ?? { label, value: 0 }
      counted.value++
      writes.set(key, counted)
    },
    render: async (state, format) => {
      const { cpuSeconds, residentBytes } = readings.read()
      const scalars: readonly ScalarDump[] = [
        ...Array.from(writes.values(), (write) => ({ name: metrics.writes.name, ...write })),
        ...readState(state),
        { name: metrics.cpuSeconds.name, value: cpuSeconds },
        { name: metrics.residentBytes.name, value: residentBytes },
      ]
      const text = await renderScalars(scalars, controllerDefinitions, format)
      return format.kind === 'openmetrics' ? `${text}# EOF\n` : text
    },
    close: readings.close,
  }
}

const readState = (state: ControllerState | undefined): readonly ScalarDump[] => [
  { name: metrics.leader.name, value: state === undefined ? 0 : 1 },
  { name: metrics.gateways.name, value: state?.gateways ?? 0 },
  { name: metrics.programmed.name, value: state?.programmed ?? 0 },
  { name: metrics.failures.name, value: state?.failures.length ?? 0 },
  { name: metrics.troubles.name, value: state?.troubles.length ?? 0 },
  { name: metrics.passes.name, value: state?.passes ?? 0 },
  { name: metrics.passSeconds.name, value: (state?.lastPassMs ?? 0) / 1000 },
]
