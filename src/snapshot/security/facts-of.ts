import type { Frontend } from '../snapshot.ts'
import type { RequestFacts } from './request-facts.ts'

/** What of the facts is the frontend's. */
export const destinationOf = (frontend: Frontend): Pick<RequestFacts, 'destinationAddresses' | 'destinationPort'> => ({
  destinationAddresses: frontend.kind === 'pod' ? frontend.pod.addresses : frontend.service.addresses,
  destinationPort: frontend.port.port,
})
