/**
 * Why a token is not taken: Envoy's words, which clients and dashboards know. Nothing of the token, and no more of why
 * than the client can see for itself.
 */
export const jwtFaults = {
  badForm: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  tooLarge: 'Jwt is too large',
  badHeader: 'Jwt header is an invalid JSON',
  badAlg: 'Jwt header [alg] field is required and must be a string',
  unsupportedAlg: 'Jwt header [alg] is not supported',
  badKid: 'Jwt header [kid] field is not a string',
  critical: 'Jwt header [crit] asks for what is not supported',
  badPayload: 'Jwt payload is an invalid JSON',
  badIss: 'Jwt payload [iss] field is not a string',
  badSub: 'Jwt payload [sub] field is not a string',
  badAud: 'Jwt payload [aud] field is not a string or string list',
  badExp: 'Jwt payload [exp] field is not a positive number',
  badNbf: 'Jwt payload [nbf] field is not a positive number',
  badIat: 'Jwt payload [iat] field is not a positive number',
  unknownIssuer: 'Jwt issuer is not configured',
  notYetValid: 'Jwt not yet valid',
  expired: 'Jwt is expired',
  audience: 'Audiences in Jwt are not allowed',
  signature: 'Jwt verification fails',
  noKey: "Jwks doesn't have key to match kid or alg from Jwt",
  noKeys: 'Jwks remote fetch is failed',
} as const

/** The name of one. */
export type JwtFault = keyof typeof jwtFaults

/** Forbidden where the token is good but for somebody else; else 401, and another token may do. */
export const statusOf = (fault: JwtFault): 401 | 403 => (fault === 'audience' ? 403 : 401)
