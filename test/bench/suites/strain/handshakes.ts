import type { SuiteReport } from '../../report.ts'
import type { SuiteContext } from '../hbone.ts'
import { runStrainSuite } from './subject.ts'

export const runHandshakesSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite('handshakes', [], { ...context, destinations: 1 })
