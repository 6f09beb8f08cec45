import { stringify } from 'yaml'

const home = {
  layout: 'home',
  title: 'Fairway',
  titleTemplate: 'the programmable waypoint',
  hero: {
    name: 'Fairway',
    text: 'The programmable waypoint',
    tagline:
      'The L7 proxy of a service mesh without sidecars, in TypeScript: Gateway API and Istio’s policies out of the box, and what is yours in ten lines.',
    image: {
      src: '/path.svg',
      alt: 'A request on its way from a client through ztunnel and Fairway to one of two versions',
    },
    actions: [
      { theme: 'brand', text: 'Try it in a minute', link: '/overview#two-commands' },
      { theme: 'alt', text: 'Install it', link: '/concepts/install' },
      { theme: 'alt', text: 'Write a filter', link: '/guides/first-filter' },
    ],
  },
  features: [
    {
      title: 'Takes what ztunnel sends',
      details: 'HBONE in mutual TLS on both sides, with the exact identity of every peer: ambient mode as it is.',
      link: '/concepts/hbone',
    },
    {
      title: 'Gateway API, to the letter',
      details:
        'HTTPRoute, GRPCRoute, TLSRoute and TCPRoute with complete precedence; what is not carried out is never ignored.',
      link: '/concepts/routing',
    },
    {
      title: 'Filters in TypeScript',
      details:
        'Typed, tested offline on the proxy’s own engine, swapped without losing a request, stopped when they misbehave.',
      link: '/concepts/user-filters',
    },
    {
      title: 'Says why',
      details:
        'Every condition, refusal and choice of a route has a reason, in a file, in the cluster, or for one request.',
      link: '/concepts/explain',
    },
    {
      title: 'Istio’s policies',
      details:
        'AuthorizationPolicy, RequestAuthentication and external authorization with Istio’s meaning, and the reason for each decision.',
      link: '/concepts/authorization',
    },
    {
      title: 'Measured',
      details: 'What a hop costs beside nginx and HAProxy, on one machine, in turn, with the means to repeat it.',
      link: '/performance',
    },
  ],
}

/** The first page of the site. */
export const homePage: string = `---\n${stringify(home, { lineWidth: 0 })}---\n`
