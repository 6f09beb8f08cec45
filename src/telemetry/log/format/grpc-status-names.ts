/** Names of gRPC's status codes, by number (grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const names = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
]

/** How a status is written. */
export type GrpcStatusForm = 'CAMEL_STRING' | 'SNAKE_STRING' | 'NUMBER'

/** A status as Envoy's logs have it: `DeadlineExceeded`, `DEADLINE_EXCEEDED` or 4; a number that has no name stays one. */
export const formatGrpcStatus = (status: string, form: GrpcStatusForm): string | number | undefined => {
  if (status === '') return undefined
  const number = Number(status)
  if (!Number.isInteger(number)) return undefined
  const name = names[number]
  if (form === 'NUMBER' || name === undefined) return number
  if (form === 'SNAKE_STRING' || name === 'OK') return name
  // With one L in this form alone.
  if (name === 'CANCELLED') return 'Canceled'
  return name
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')
}
