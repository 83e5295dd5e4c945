/** What a caller on the web may do: words that settings, tokens and routes share.
 *
 *  `find`: QIDO-RS. `get`: WADO-RS, WADO-URI. `store`: STOW-RS. `status`: see how the node does. `operate`: act on studies, manifests,
 *  deliveries and peers. */
export const WEB_RIGHTS = ['find', 'get', 'store', 'status', 'operate'] as const

export type WebRight = (typeof WEB_RIGHTS)[number]

export function isWebRight(text: string): text is WebRight {
  return (WEB_RIGHTS as readonly string[]).includes(text)
}
