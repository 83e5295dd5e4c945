/** Which service of PS3.18 (or of ours) a route of the web belongs to: for counting, one of a few words. */

const DICOM_WEB = '/dicom-web'
const QIDO = /\/(studies|series|instances)$/

/** @param path  as the table of routes has it, `/dicom-web/studies/:study` */
export function webServiceOf(method: string, path: string | undefined): string {
  if (path === undefined) return 'none'
  if (path === '/wado') return 'WADO-URI'
  if (path.startsWith(DICOM_WEB)) {
    if (method === 'POST') return 'STOW-RS'
    return method === 'GET' && QIDO.test(path) ? 'QIDO-RS' : 'WADO-RS'
  }
  if (path.startsWith('/api')) return 'API'
  return path.startsWith('/health') || path === '/metrics' ? 'status' : 'page'
}
