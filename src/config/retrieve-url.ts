/** Where manifests say that instances are given by WADO-RS: the base, without `/studies`. */
import type { Config } from './settings.ts'

/** @returns undefined where manifests name no such address */
export function retrieveUrlOf({ manifest, web }: Pick<Config, 'manifest' | 'web'>): string | undefined {
  return manifest.retrieveUrl ?? (web.enabled && web.publicUrl !== undefined ? `${web.publicUrl}/dicom-web` : undefined)
}
