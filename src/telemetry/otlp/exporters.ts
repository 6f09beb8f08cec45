import type { ExporterOptions, OtlpExporter } from './exporter.ts'
import type { CallService } from './otlp-target.ts'
import type { ExportThread } from './thread/export-thread.ts'

/**
 * Opens the ways of one process to its collectors. What is for a Service of the mesh goes as requests go; all else from a thread,
 * which is there as long as there is such a way. Modules for either are loaded with the first of its kind: those of
 * OpenTelemetry take more memory than most snapshots.
 */
export class Exporters {
  readonly #call: CallService
  #thread: Promise<ExportThread> | undefined

  constructor(call: CallService) {
    this.#call = call
  }

  /** Opens one; nobody is called before there is something to tell. Rejects when the environment has it wrong. */
  async open(options: ExporterOptions): Promise<OtlpExporter> {
    const { signal, target, onWarning } = options
    if (target.kind === 'service') {
      const { openServiceExporter } = await import('./service-exporter.ts')
      return openServiceExporter({ signal, target, onWarning }, this.#call)
    }
    this.#thread ??= import('./thread/export-thread.ts').then(({ ExportThread }) => new ExportThread())
    return (await this.#thread).open({ signal, target, onWarning })
  }
}
