/** A controller as a process: stands for leader, works while it leads, and tells how it does. */
import { startControllerPorts, type ControllerPorts } from '../../admin/controller-ports.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { startController, type RunningController } from '../../controller/controller.ts'
import type { WaypointSettings } from '../../controller/desired/gateway-plan.ts'
import type { Write } from '../../controller/pass/actions/execute.ts'
import { fenceClient } from '../../controller/lease/fenced-client.ts'
import { startLeader, type Leader } from '../../controller/lease/leader.ts'
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import type { MetricsFormat } from '../../telemetry/exposition/metrics-format.ts'
import { createControllerMetrics, type ControllerMetrics } from '../../telemetry/controller/controller-metrics.ts'

export interface ControllerProcessOptions {
  readonly client: KubeClient
  readonly log: Logger
  /** Where the Lease and defaults of classes are. */
  readonly namespace: string
  /** Who we are among all controllers. */
  readonly identity: string
  readonly settings: WaypointSettings
  readonly translate: TranslateOptions
  readonly bind: string
  readonly ports: { readonly ready: number; readonly metrics: number }
}

/** A controller that runs, whether it leads or not. */
export interface ControllerProcess {
  readonly addresses: ControllerPorts['addresses']
  /** Ends in good order: another one may lead at once. */
  readonly close: () => Promise<void>
}

/** Starts it; throws `StartupError` when it cannot listen. */
export const runController = async (options: ControllerProcessOptions): Promise<ControllerProcess> => {
  const controller = new Process(options)
  await controller.start()
  return controller
}

class Process implements ControllerProcess {
  addresses: ControllerPorts['addresses'] = { ready: '', metrics: '' }
  readonly #options: ControllerProcessOptions
  readonly #metrics: ControllerMetrics
  #ports: ControllerPorts | undefined
  #leader: Leader | undefined
  #controller: RunningController | undefined
  /** When the last one has ended. */
  #ended: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: ControllerProcessOptions) {
    this.#options = options
    this.#metrics = createControllerMetrics()
  }

  async start(): Promise<void> {
    const { client, log, namespace, identity, bind, ports } = this.#options
    const deps = {
      notReady: () => this.#notReady(),
      metrics: (format: MetricsFormat) => this.#metrics.render(this.#controller?.read(), format),
    }
    this.#ports = await startControllerPorts({ bind, ports, deps })
    this.addresses = this.#ports.addresses
    this.#leader = startLeader({
      client,
      clock: systemClock,
      log,
      namespace,
      identity,
      onLead: () => void this.#lead(),
      onLoss: () => this.#lose(),
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#lose()
    await this.#ended
    await this.#leader?.close()
    await this.#ports?.close()
    this.#metrics.close()
    this.#options.client.close()
  }

  async #lead(): Promise<void> {
    await this.#ended
    const leader = this.#leader
    if (this.#isClosed || leader?.isLeading() !== true || this.#controller !== undefined) return
    const { client, log, namespace, settings, translate } = this.#options
    this.#controller = startController({
      client: fenceClient(client, () => leader.isLeading()),
      clock: systemClock,
      log,
      settings,
      systemNamespace: namespace,
      translate,
      onWrite: (write) => this.#note(write),
    })
  }

  #lose(): void {
    const controller = this.#controller
    this.#controller = undefined
    if (controller !== undefined) this.#ended = controller.close()
  }

  /** What is made and taken away is told; statuses are thousands, and what fails is told by whoever tries again. */
  #note(write: Write): void {
    this.#metrics.count(write)
    const { kind, name, verb, failure } = write
    const level = verb === 'status' || failure !== undefined ? 'debug' : 'info'
    this.#options.log[level](`${verb} ${kind} ${name}`, failure === undefined ? {} : { failure: failure.reason })
  }

  /** One that waits is ready to take over as soon as it knows who leads. */
  #notReady(): string | undefined {
    if (this.#isClosed) return 'ending'
    const lease = this.#leader?.trouble()
    if (lease !== undefined) return lease
    if (this.#leader?.holder() === undefined) return 'nobody is known to lead yet'
    const [trouble] = this.#controller?.read().troubles ?? []
    return trouble
  }
}
