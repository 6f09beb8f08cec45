/**
 * What the letters in `response_flags` mean, of metrics and access log alike; Envoy's, so that dashboards and searches
 * work as they are. Several are joined by commas.
 */
export const responseFlags: Readonly<Record<string, string>> = {
  '-': 'nothing remarkable: the application’s answer, or one that a route, a filter or a policy is there to give',
  DC: 'the client went away before the answer was complete',
  DI: 'a fault injection delayed the request (`FaultInjection`)',
  DPE: 'the client broke the protocol, or asked for a path that cannot be normalised',
  FI: 'a fault injection answered (`FaultInjection`)',
  NC: 'the configuration closes it: a rule that is not understood, a backend that is none (500); see conditions',
  NR: 'no route of the Service matches (404)',
  OM: 'refused in an overload, for want of time or memory (503)',
  RL: 'over a rate limit (`RateLimit`, 429)',
  RLSE: 'the rate limit service, or Redis, did not answer, and the limit closes then',
  SI: 'nothing moved for too long (408, 504)',
  UAEX: 'refused by an external authorizer, or it could not be asked',
  UC: 'the connection to the endpoint was lost (503 before the answer began)',
  UF: 'no endpoint could be connected, or showed who it should be (503)',
  UH: 'no endpoint is ready, or what the request would need is closed by configuration (503)',
  UO: 'a limit of the Service port was reached (`BackendPolicy`, 503)',
  UPE: 'the endpoint broke the protocol (502)',
  URX: 'the last of several tries (beside what became of that one)',
  UT: 'no answer in time (504)',
}
