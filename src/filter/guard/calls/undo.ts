import type { Exchange, RequestView } from '../../index.ts'

/** An exchange as it was before a hook was called, so that the hook can be as if it had not been there. */
export interface SavedExchange {
  readonly request: Pick<RequestView, 'authority' | 'path' | 'query' | 'token'>
  readonly requestFields: string[]
  readonly response: { readonly status: number; readonly fields: string[] } | undefined
}

/** Copies what hooks may change: pointers, for the most part. */
export const saveExchange = ({ request, response }: Exchange): SavedExchange => ({
  request: { authority: request.authority, path: request.path, query: request.query, token: request.token },
  requestFields: request.headers.fields.slice(),
  response: response === undefined ? undefined : { status: response.status, fields: response.headers.fields.slice() },
})

/** Takes back what a hook has changed; once for each saved exchange. */
export const restoreExchange = (
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  saved: SavedExchange,
): void => {
  Object.assign(request, saved.request)
  request.headers.fields = saved.requestFields
  if (response === undefined || saved.response === undefined) return
  response.status = saved.response.status
  response.headers.fields = saved.response.fields
}
