import { formatAccessLine } from '../../../../src/telemetry/access-line.ts'
import { IstioSeries } from '../../../../src/telemetry/istio/istio-series.ts'
import { knownSource, makeRecord } from '../../../support/exchange-records.ts'
import type { Operation } from './operation.ts'

const SOURCES = 64

/** What is done with the record of a request that is over. */
export const telemetryOperations = (): readonly Operation[] => [countMetrics(), writeLine()]

/** From many clients in turn, one in ten of whom is told that there is no such thing. */
const countMetrics = (): Operation => {
  const series = new IstioSeries(2000)
  const records = Array.from({ length: SOURCES }, (_, i) =>
    makeRecord({ source: { ...knownSource, workload: `client-${i}` }, status: i % 10 === 0 ? 404 : 200 }),
  )
  return {
    name: "Istio's metrics of a request",
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const record = records[i % SOURCES]
        if (record !== undefined) series.add(record)
      }
    },
  }
}

const writeLine = (): Operation => {
  const record = makeRecord()
  return {
    name: 'line of the access log in JSON',
    run: (times) => {
      let bytes = 0
      for (let i = 0; i < times; i++) bytes += formatAccessLine(record, 'json').length
      if (bytes === 0) throw new Error('nothing')
    },
  }
}
