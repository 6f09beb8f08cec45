/**
 * The suite `authz`: one busy client pod and a Service without AuthorizationPolicies, and the same with 20 of the 1,000
 * that there are, in turn. Requests are let through by the last rule of the last of them.
 */
import { POLICIES_PER_SERVICE } from '../../proxies/policies.ts'
import type { FigureReport, SuiteReport } from '../../report.ts'
import { authorizationOperations } from '../micro/authorization.ts'
import { nanosOf } from '../micro/nanos-of.ts'
import type { SuiteContext } from '../context.ts'
import { measureBoth } from './measure-both.ts'
import type { SideBySide } from './measure-both.ts'
import { runStrainSuite, withFairway } from '../strain/subject.ts'
import type { StrainContext } from '../strain/subject.ts'

const POLICIES = 1000
const TUNNELS = 64

const sides: SideBySide = {
  name: `authz-1x${TUNNELS}`,
  tunnels: TUNNELS,
  little: 'no policy',
  much: `${POLICIES} policies, ${POLICIES_PER_SERVICE} of the Service`,
  maxRatio: 1.25,
}

/** Measures both, again and again in turn; then decisions alone, in this process. */
export const runAuthzSuite = (context: SuiteContext): Promise<SuiteReport> =>
  runStrainSuite('authz', [{ name: sides.name, measure }], { ...context, destinations: 1 })

const measure = async (context: StrainContext): Promise<FigureReport> => {
  const report = await withFairway(context, (little) =>
    withFairway(context, (much) => measureBoth(context, sides, { little, much }), { policies: POLICIES }),
  )
  const figures = authorizationOperations().map((operation) => {
    context.progress.show(operation.name)
    return { name: `ns to ${operation.name}`, value: nanosOf(operation, context.options) }
  })
  return { ...report, figures: [...report.figures, ...figures] }
}
