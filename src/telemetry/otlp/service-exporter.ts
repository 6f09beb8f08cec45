import type { ExporterOptions, OtlpExporter } from './exporter.ts'
import type { CallService, OtlpTarget } from './otlp-target.ts'
import type { SignalName } from './otlp-signal.ts'
import { readAnswer, type PartialAnswer } from './read-answer.ts'
import { sendToService } from './send-to-service.ts'

type ServiceOptions = ExporterOptions & { readonly target: Extract<OtlpTarget, { kind: 'service' }> }

/** Opens the way to a collector that is a Service of the mesh. */
export const openServiceExporter = ({ signal, target, onWarning }: ServiceOptions, call: CallService): OtlpExporter => {
  const { name, method, path } = signal
  const at = target.protocol === 'grpc' ? method : (target.path ?? `/${path}`)
  const collector = `collector ${target.hostname}:${target.port}`
  return {
    send: async ({ bytes }) => {
      const answer = await sendToService(bytes, { target, at }, call)
      if (!answer.ok) return { kind: 'failed', isPassing: answer.isPassing, message: `${collector}: ${answer.why}` }
      const { partialSuccess } = readAnyAnswer(name, answer.message)
      // Without any word all was taken.
      if ((partialSuccess?.errorMessage ?? '') !== '') onWarning(`${collector}: ${partialSuccess?.errorMessage}`)
      return { kind: 'sent' }
    },
    close: () => {},
  }
}

/** It took what it got, whatever it may have said of it. */
const readAnyAnswer = (name: SignalName, message: Buffer): PartialAnswer => {
  try {
    return readAnswer(name, message)
  } catch {
    return {}
  }
}
