import type { CertsDocument, SourceView, StolenView, ValidityView } from '../../identity/report/certs-document.ts'
import type { CertificateView } from '../../identity/report/certificate-view.ts'
import { escapeControl } from '../../lib/format-issue.ts'
import { formatTitled, type Look } from '../terminal/print-as.ts'
import { formatTable, type Cell } from '../terminal/table.ts'
import { wordsForTime } from '../terminal/words-for-time.ts'

/** `wide` has keys, serial numbers and digests. */
export interface CertsLook extends Look {
  readonly nowMs: number
}

/** The document for people: who we are, a table of certificates, what a thief could do, and what is wrong. */
export const formatCerts = (document: CertsDocument, look: CertsLook): string =>
  [
    formatHead(document, look),
    formatCertificates(document, look),
    formatLists(document, look),
    formatStolen(document),
    formatTroubles(document, look),
  ]
    .filter((part) => part !== '')
    .join('\n')

const formatHead = (document: CertsDocument, look: CertsLook): string => {
  const { identity, validity, chain, source, trustDomains } = document
  const [leaf] = chain
  const [own, ...aliases] = trustDomains
  const rows = [
    ['valid', validity === undefined ? 'no' : formatValidity(validity, look)],
    ['issued by', leaf === undefined ? undefined : leaf.issuer],
    ['source', `${source.kind}${source.place === undefined ? '' : `, ${source.place}`}`],
    ['renewal', formatRenewal(source, look.nowMs)],
    ['trusts', own === undefined ? undefined : formatTrust(own, aliases)],
  ] as const
  const title = look.colours.bold(escapeControl(identity ?? 'no identity yet'))
  const cells = rows.flatMap(([name, text]) =>
    text === undefined ? [] : [[{ text: `  ${name}`, paint: look.colours.dim }, { text: escapeControl(text) }]],
  )
  return `${title}\n${formatTable(cells)}`
}

const formatValidity = ({ from, until, remainingSeconds, lifetimeSeconds }: ValidityView, look: CertsLook): string => {
  if (remainingSeconds <= 0) return `no more: expired ${wordsForTime(-remainingSeconds)} ago, at ${formatDate(until)}`
  if (Date.parse(from) > look.nowMs) return `not yet: from ${formatDate(from)} on`
  const share = Math.floor((100 * remainingSeconds) / lifetimeSeconds)
  const left = wordsForTime(remainingSeconds)
  return `${left} more, until ${formatDate(until)} (${share} % of ${wordsForTime(lifetimeSeconds)})`
}

const formatRenewal = (source: SourceView, nowMs: number): string | undefined => {
  const { nextRenewal, rotations, failures, lastFailure, kind } = source
  if (rotations === undefined || failures === undefined) return undefined
  const seconds = nextRenewal === undefined ? undefined : (Date.parse(nextRenewal) - nowMs) / 1000
  const next =
    seconds === undefined
      ? kind === 'files'
        ? 'when the files change'
        : 'when there is a new one'
      : seconds > 0
        ? `in ${wordsForTime(seconds)}`
        : 'now'
  const counts = [count(rotations, 'rotation'), count(failures, 'failure')].join(', ')
  if (lastFailure === undefined) return `${next}; ${counts}`
  const ago = wordsForTime((nowMs - Date.parse(lastFailure.at)) / 1000)
  return `${next}; ${counts}, the last ${ago} ago: ${lastFailure.message}`
}

const formatTrust = (own: string, aliases: readonly string[]): string =>
  aliases.length === 0 ? own : `${own}, and as aliases ${aliases.join(', ')}`

const formatCertificates = ({ chain, trustRoots }: CertsDocument, look: CertsLook): string => {
  const rows = [
    ...chain.map((certificate, i) => row(i === 0 ? 'leaf' : 'intermediate', certificate, look)),
    ...trustRoots.map((root) =>
      row(
        root.federatedDomain === undefined ? 'trust root' : `root of ${escapeControl(root.federatedDomain)}`,
        root,
        look,
      ),
    ),
  ]
  // What matters most comes first: a screen may not have room for all of it.
  const titles = ['CERTIFICATE', 'EXPIRES', 'REMAINS', 'NAME', 'ISSUED BY', ...(look.isWide ? wideTitles : [])]
  return rows.length === 0 ? '' : formatTitled(titles, rows, look)
}

const wideTitles = ['KEY', 'SERIAL', 'SHA-256']

const row = (role: string, certificate: CertificateView, { colours, isWide, nowMs }: CertsLook): readonly Cell[] => {
  const { subject, issuer, names, notBefore, notAfter, key, serialNumber, sha256 } = certificate
  const remainingMs = Date.parse(notAfter) - nowMs
  const isEarly = Date.parse(notBefore) > nowMs
  const remains = remainingMs <= 0 ? 'expired' : isEarly ? 'not valid yet' : wordsForTime(remainingMs / 1000)
  return [
    { text: role },
    { text: formatDate(notAfter) },
    { text: remains, paint: remainingMs <= 0 || isEarly ? colours.red : colours.green },
    { text: escapeControl(subject === '' ? names.join(', ') : subject) },
    { text: issuer === subject ? 'itself' : escapeControl(issuer) },
    ...(isWide ? [key, serialNumber.toLowerCase(), sha256].map((text) => ({ text: escapeControl(text) })) : []),
  ]
}

const formatLists = ({ revocationLists }: CertsDocument, look: CertsLook): string => {
  if (revocationLists.length === 0) return ''
  const rows = revocationLists.map(({ issuer, thisUpdate, nextUpdate, revoked }) => {
    const isOld = nextUpdate !== undefined && Date.parse(nextUpdate) <= look.nowMs
    const due = nextUpdate === undefined ? 'never' : `${formatDate(nextUpdate)}${isOld ? ', overdue' : ''}`
    return [
      { text: escapeControl(issuer) },
      { text: formatDate(thisUpdate) },
      { text: due, paint: isOld ? look.colours.yellow : plain },
      { text: String(revoked) },
    ]
  })
  return formatTitled(['REVOCATION LIST OF', 'MADE', 'NEXT DUE', 'REVOKED'], rows, look)
}

const formatStolen = ({ stolen }: CertsDocument): string => {
  if (stolen === undefined) return ''
  const { forSeconds, until, forSecondsAtMost } = stolen
  if (forSeconds === 0) return 'Stolen now, the certificate and its key would be good for nothing.\n'
  return [
    `Stolen now, the certificate and its key would be good until ${formatDate(until)}, for ${wordsForTime(forSeconds)};`,
    `stolen as soon as they are made, for ${wordsForTime(forSecondsAtMost)}.`,
    ...endOf(stolen),
    '',
  ].join('\n')
}

const endOf = ({ endsEarlierBy }: StolenView): readonly string[] =>
  endsEarlierBy === 'nothing'
    ? ['Nothing would end that sooner: no revocation list is in force here. Certificates that live shorter would.']
    : [
        'Its CA could end that sooner, with a revocation list that names it, wherever such lists are looked at, as here.',
      ]

const formatTroubles = ({ troubles }: CertsDocument, { colours }: CertsLook): string =>
  troubles.map((trouble) => `${colours.red('!')} ${escapeControl(trouble)}\n`).join('')

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

/** `2026-11-21 19:30:12 UTC` */
const formatDate = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`

const plain = (text: string): string => text
