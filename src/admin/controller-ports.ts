import type { MetricsFormat } from '../telemetry/exposition/metrics-format.ts'
import type { AdminServer } from './admin.ts'
import { closeServer, createMetricsServer, createReadyServer, listen } from './server.ts'

export interface ControllerPortsOptions {
  /** A literal address: `::` (IPv4 as well), `127.0.0.1`. */
  readonly bind: string
  /** 0 picks a free one. */
  readonly ports: { readonly ready: number; readonly metrics: number }
  readonly deps: {
    /** Why it cannot do its work; `undefined` when it can. */
    readonly notReady: () => string | undefined
    /** The whole page. */
    readonly metrics: (format: MetricsFormat) => Promise<string>
  }
}

/** What listens for a controller: readiness and metrics. */
export interface ControllerPorts extends Pick<AdminServer, 'close'> {
  readonly addresses: Pick<AdminServer['addresses'], 'ready' | 'metrics'>
}

/** Starts both, or none: throws `StartupError` (`ELISTEN`) when one cannot listen. */
export const startControllerPorts = async ({ bind, ports, deps }: ControllerPortsOptions): Promise<ControllerPorts> => {
  const ready = createReadyServer(deps)
  const metrics = createMetricsServer(deps.metrics)
  const close = async (): Promise<void> => {
    await Promise.all([ready, metrics].map(closeServer))
  }
  try {
    const addresses = {
      metrics: await listen(metrics, { host: bind, port: ports.metrics, role: 'metrics' }),
      ready: await listen(ready, { host: bind, port: ports.ready, role: 'ready' }),
    }
    return { addresses, close }
  } catch (error) {
    await close()
    throw error
  }
}
