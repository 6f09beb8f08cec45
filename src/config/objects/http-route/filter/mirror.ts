import * as s from '../../../../lib/schema.ts'
import { backendObject, needsPort, type BackendObject } from '../backend-object.ts'

/** An HTTPRequestMirrorFilter: who gets a copy of `numerator` in `denominator` requests. */
export interface MirrorRef extends BackendObject {
  readonly numerator: number
  readonly denominator: number
  /** `spec.rules[0].filters[1]` */
  readonly path: string
}

const fraction = s.refine(
  s.object({
    numerator: s.integer({ min: 0, max: 2_147_483_647 }),
    denominator: s.withDefault(s.integer({ min: 1, max: 2_147_483_647 }), 100),
  }),
  ({ numerator, denominator }, path) =>
    numerator <= denominator
      ? []
      : [
          {
            message: 'is more than everything',
            path,
            found: `${numerator}/${denominator}`,
            expected: 'a numerator of at most the denominator (100 when it is not given)',
          },
        ],
)

/** HTTPRequestMirrorFilter; `percent` and `fraction` exclude each other, without either everything is copied. */
export const mirror = s.refine(
  s.object({
    backendRef: s.refine(s.object(backendObject), needsPort),
    percent: s.optional(s.integer({ min: 0, max: 100 })),
    fraction: s.optional(fraction),
  }),
  (written, path) =>
    written.percent === undefined || written.fraction === undefined
      ? []
      : [{ message: 'percent and fraction exclude each other', path, found: 'both', expected: 'one of the two' }],
)

/** The mirror as a share of all requests. */
export const toMirrorRef = (
  { backendRef, percent, fraction: share }: s.ValueOf<typeof mirror>,
  path: string,
): MirrorRef => {
  const { numerator, denominator } = share ?? { numerator: percent ?? 100, denominator: 100 }
  return { ...backendRef, numerator, denominator, path }
}
