import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Registry from 'prom-client/lib/registry.js'
import { createProcessReadings } from '../process-readings.ts'

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
  /** The metrics in Prometheus' text format. */
  readonly render: (state: ControllerState | undefined) => Promise<string>
  readonly close: () => void
}

/** The metrics of a controller. */
export const createControllerMetrics = (): ControllerMetrics => {
  const registry = new Registry()
  const registers = [registry]
  const readings = createProcessReadings()
  const writes = new Counter({
    name: 'fairway_controller_writes_total',
    help: 'What was written to the API server, or tried, by result: ok or the reason',
    labelNames: ['kind', 'verb', 'result'],
    registers,
  })
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers })
  const leads = gauge('fairway_controller_leader', '1 for the controller that leads')
  const gateways = gauge('fairway_controller_gateways', 'Gateways of our classes')
  const programmed = gauge('fairway_controller_gateways_programmed', 'Gateways with a replica that is ready')
  const failures = gauge('fairway_controller_failures', 'What could not be done at the last look')
  const troubles = gauge('fairway_controller_troubles', 'What cannot be seen of the cluster')
  const passes = gauge('fairway_controller_passes', 'Looks at everything since it leads')
  const passSeconds = gauge('fairway_controller_last_pass_seconds', 'How long the last look took, writing included')
  const cpu = new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time of the process', registers })
  const resident = gauge('process_resident_memory_bytes', 'Memory of the process')
  return {
    count: ({ kind, verb, failure }) => writes.inc({ kind, verb, result: failure?.reason ?? 'ok' }),
    render: (state) => {
      leads.set(state === undefined ? 0 : 1)
      gateways.set(state?.gateways ?? 0)
      programmed.set(state?.programmed ?? 0)
      failures.set(state?.failures.length ?? 0)
      troubles.set(state?.troubles.length ?? 0)
      passes.set(state?.passes ?? 0)
      passSeconds.set((state?.lastPassMs ?? 0) / 1000)
      const { cpuSeconds, residentBytes } = readings.read()
      cpu.reset()
      cpu.inc(cpuSeconds)
      resident.set(residentBytes)
      return registry.metrics()
    },
    close: readings.close,
  }
}
