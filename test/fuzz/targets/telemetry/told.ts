import { HeaderList } from '../../../../src/http/header-list.ts'
import type { Told } from '../../../../src/telemetry/log/told.ts'
import { canaryService, makeRecord, traceOf, unknownSource } from '../../../support/exchange-records.ts'

/** What would begin a line, leave its quotes or reach a terminal, if it came through as it is. */
const evil = 'a"b\\c\nd\re\u001b[2J\u009b\u0000\u2028\u2029\u007f\ud800 %REQ(X)% ;é猫'

const headers = (): HeaderList => new HeaderList(['x-a', evil, 'x-b', 'b', 'x-b', evil, 'content-type', 'text/plain'])

/** An exchange of which all is known, and much is a client's; one of which nearly nothing is; a connection. */
export const toldExchanges: readonly Told[] = [
  {
    record: makeRecord({
      ...{ path: `/${evil}?q=${evil}&token=s`, authority: evil, userAgent: evil, requestId: evil, details: evil },
      ...{ upstreamFailure: evil, termination: evil, sni: evil, route: evil, rule: evil, called: '[fd00::1]:80' },
      ...{ protocol: 'grpc', grpcStatus: evil, flags: 'UF,URX', trace: traceOf('a'), requestEndAtMs: 1, headAtMs: 2 },
      responseTrailers: headers(),
    }),
    exchange: {
      request: {
        ...{ method: 'GET', scheme: 'http', authority: evil, path: `/${evil}`, query: `?${evil}`, headers: headers() },
        ...{ upgrade: undefined, hasBody: false, token: undefined },
      },
      response: { status: 200, headers: headers() },
    },
  },
  {
    record: makeRecord({
      ...{ source: unknownSource, status: 0, endpoint: undefined, backend: undefined, upstreamMs: -1 },
      ...{ requestId: undefined, userAgent: undefined, route: undefined, rule: undefined, details: '', path: '' },
    }),
    exchange: undefined,
  },
  { record: makeRecord({ protocol: 'tcp', backend: canaryService, called: undefined }), exchange: undefined },
]
