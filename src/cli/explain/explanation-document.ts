import type { Explanation } from '../../snapshot/explain.ts'
import { DOCUMENT_API } from '../terminal/print-as.ts'
import type { Answer } from './ask-for-explanation.ts'
import type { ImaginedRequest } from './imagined-request.ts'
import { verdictOf } from './verdict.ts'

/** What `-o json` and `-o yaml` print. */
export interface ExplanationDocument extends Explanation {
  readonly apiVersion: typeof DOCUMENT_API
  readonly kind: 'Explanation'
  readonly request: { readonly title: string; readonly authority: string; readonly from?: string }
  /** A backend would answer, or a filter in its place; exit code 0. */
  readonly isServed: boolean
  readonly verdict: string
  /** `NAMESPACE/NAME` of the one in a cluster that would answer so. */
  readonly waypoint?: string
}

/** Where an answer is from. */
export interface AnswerPlace {
  /** It is known which endpoints there are. */
  readonly isLive: boolean
  readonly waypoint?: string
}

/** The answer as one document for machines. */
export const createDocument = (
  { title, from }: ImaginedRequest,
  { authority, explanation }: Answer,
  { isLive, waypoint }: AnswerPlace,
): ExplanationDocument => {
  const { isServed, text } = verdictOf(explanation, isLive)
  return {
    apiVersion: DOCUMENT_API,
    kind: 'Explanation',
    request: { title, authority, ...(from === undefined ? {} : { from }) },
    isServed,
    verdict: text,
    ...(waypoint === undefined ? {} : { waypoint }),
    ...explanation,
  }
}
