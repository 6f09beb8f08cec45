import { createLineWriter, jsonFormat } from '../../../../src/telemetry/log/format/line-writer.ts'
import { plainTagger } from '../../../../src/telemetry/traces/custom-tags.ts'
import { ReportWriter } from '../../../../src/telemetry/traces/spans/report-writer.ts'
import { HeaderList } from '../../../../src/http/header-list.ts'
import { defaultPropagation } from '../../../../src/http/tracing/trace-fields.ts'
import { Tracer } from '../../../../src/proxy/tracing/tracer.ts'
import { IstioSeries } from '../../../../src/telemetry/istio/istio-series.ts'
import type { MetricsPolicy, TagOverride } from '../../../../src/model/telemetry/metrics-policy.ts'
import { knownSource, makeRecord, traceOf } from '../../../support/exchange-records.ts'
import { testLogHost } from '../../../support/telemetry/log-host.ts'
import type { Operation } from './operation.ts'

const SOURCES = 64
const LINES = 4096

/** What is done with the record of a request that is over. */
export const telemetryOperations = (): readonly Operation[] => [
  countMetrics("Istio's metrics of a request"),
  countMetrics("Istio's metrics of a request, one of them with a label less (Telemetry)", [
    { kind: 'remove', name: 'response_code' },
  ]),
  countMetrics("Istio's metrics of a request, with a label of an expression (Telemetry)", [
    { kind: 'upsert', name: 'request_method', expression: 'request.method' },
  ]),
  writeLine(),
  writeSpans(),
  passUntraced(),
]

/** From many clients in turn, one in ten of whom is told that there is no such thing. */
const countMetrics = (name: string, tags: readonly TagOverride[] = []): Operation => {
  const series = new IstioSeries(2000)
  const metrics: MetricsPolicy = { overrides: [{ metric: 'REQUEST_COUNT', isDisabled: false, tags }] }
  const telemetry = tags.length === 0 ? undefined : { key: 'shop/a', metrics }
  const records = Array.from({ length: SOURCES }, (_, i) =>
    makeRecord({ source: { ...knownSource, workload: `client-${i}` }, status: i % 10 === 0 ? 404 : 200, telemetry }),
  )
  return {
    name,
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const record = records[i % SOURCES]
        if (record !== undefined) series.add(record)
      }
    },
  }
}

/** Each a millisecond after the one before, so that times are not made once for all. */
const writeLine = (): Operation => {
  const write = createLineWriter(jsonFormat, testLogHost)
  const start = Date.UTC(2025, 0, 15)
  const told = Array.from({ length: LINES }, (_, i) => ({
    record: makeRecord({ startedAtEpochMs: start + i, path: `/items/${i}?page=${i % 7}` }),
    exchange: undefined,
  }))
  return {
    name: 'line of the access log in JSON',
    run: (times) => {
      let bytes = 0
      for (let i = 0; i < times; i++) {
        const one = told[i % LINES]
        // A line that nobody reads is not put together.
        if (one !== undefined) bytes += Buffer.byteLength(write(one))
      }
      if (bytes === 0) throw new Error('nothing')
    },
  }
}

/** The span of a request and that of its try, in a report; the collector has taken the one before. */
const writeSpans = (): Operation => {
  const self = { component: 'proxy', node_id: 'waypoint~10.0.0.9~waypoint-1.shop~shop.svc.cluster.local' }
  const writer = new ReportWriter({ resource: { 'service.name': 'waypoint' }, selfTags: self, version: '1' })
  const tries = [{ spanId: 'b'.repeat(16), startedAtMs: 1 }]
  const record = makeRecord({ trace: { ...traceOf('a'), tries } })
  return {
    name: 'spans of a request that is traced',
    run: (times) => {
      for (let i = 0; i < times; i++) {
        writer.add({ record, scheme: 'http', tagger: plainTagger, custom: undefined })
        if (writer.isFull) writer.reuse(writer.take())
      }
    },
  }
}

/** One in a hundred is traced, which this is not. */
const passUntraced = (): Operation => {
  const tracer = new Tracer(
    { hasCollector: true, ratio: 0.01, followsParent: true, reportsErrors: false, propagation: defaultPropagation },
    () => 0.5,
  )
  const fields = ['host', 'api', 'user-agent', 'curl/8.5.0', 'accept', '*/*', 'x-request-id', '0f2a', 'x-b', 'c']
  const record = { telemetry: undefined, requestId: undefined, trace: undefined }
  return {
    name: 'beginning of a trace for a request that is not traced',
    run: (times) => {
      for (let i = 0; i < times; i++)
        tracer.begin({ headers: new HeaderList([...fields]), mayHaveTrace: false }, record, undefined)
    },
  }
}
