/** What became of endpoints in this process. */
export class HealthCounters {
  /** Ejections, by what for. */
  readonly ejections = { localOrigin: 0, silent: 0, gatewayErrors: 0, serverErrors: 0, successRatio: 0 }
  /** Ejections that were not made, since too many of the Service port's endpoints are ejected already. */
  spared = 0
  /** Endpoints that are healthy again. */
  returns = 0
  /** Requests to lower an endpoint's share (`Retry-After`, push-back). */
  rests = 0
  /** Our own dials to endpoints on probation, by what came of them. */
  readonly probes = { succeeded: 0, failed: 0 }
  /** Endpoints at the moment, by state; `slowed`: healthy, with less than their share. */
  readonly states = { ejected: 0, probation: 0, slowed: 0 }
}
