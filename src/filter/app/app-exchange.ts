import type { HeaderList } from '../../http/header-list.ts'
import type { Exchange, Served, Serving } from '../index.ts'
import { AppRequest } from './app-request.ts'
import { AppResponse } from './app-response.ts'

const NO_TRAILERS: Iterable<readonly [string, string]> = []

/** One request that an App is asked about: what the waypoint says becomes what streams of Node say. */
export class AppExchange implements Served {
  readonly request: AppRequest
  readonly response: AppResponse

  constructor(exchange: Exchange, serving: Serving) {
    this.request = new AppRequest(exchange, serving)
    this.response = new AppResponse(this.request)
  }

  onBody(bytes: Buffer): boolean {
    return this.request.push(bytes)
  }

  onBodyEnd(trailers: HeaderList | undefined): void {
    this.request.finish(trailers ?? NO_TRAILERS)
  }

  onDrain(): void {
    this.response.drain()
  }

  onOver(isWhole: boolean): void {
    this.response.over(isWhole)
    if (isWhole) this.request.destroy()
    else this.request.lose()
  }
}
