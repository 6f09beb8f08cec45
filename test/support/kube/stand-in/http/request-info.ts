/** What a request is about, read from its method and URL as the API server reads it. */

export interface RequestInfo {
  readonly verb: string
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** `undefined` for what is not about objects: discovery, health. */
  readonly about: About | undefined
}

export interface About {
  readonly group: string
  readonly version: string
  readonly plural: string
  /** Empty: all, or what is in no namespace. */
  readonly namespace: string
  /** Empty: a collection. */
  readonly name: string
  readonly subresource: string | undefined
}

export const readRequest = (method: string, url: string): RequestInfo => {
  const { pathname, searchParams } = new URL(url, 'https://kubernetes')
  const segments = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent)
  const about = readAbout(segments)
  const verb = about === undefined ? method.toLowerCase() : verbOf(method, about, searchParams)
  return { verb, method, path: pathname, query: searchParams, about }
}

const readAbout = (segments: readonly string[]): About | undefined => {
  const [root, ...rest] = segments
  const group = root === 'apis' ? (rest.shift() ?? '') : ''
  const version = rest.shift()
  if ((root !== 'api' && root !== 'apis') || version === undefined || rest.length === 0) return undefined
  const isBelow = rest[0] === 'namespaces' && rest.length >= 3 && !(group === '' && isPartOfNamespace(rest[2]))
  const namespace = isBelow ? (rest[1] ?? '') : ''
  const [plural = '', name = '', subresource] = isBelow ? rest.slice(2) : rest
  return { group, version, plural, namespace, name, subresource }
}

const isPartOfNamespace = (segment: string | undefined): boolean => segment === 'status' || segment === 'finalize'

const verbOf = (method: string, { name }: About, query: URLSearchParams): string => {
  const isWatch = ['1', 'true'].includes(query.get('watch') ?? '')
  switch (method) {
    case 'GET':
      if (isWatch) return 'watch'
      return name === '' ? 'list' : 'get'
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete'
    default:
      return method.toLowerCase()
  }
}
