/** Modality Performed Procedure Steps (PS3.4 F.7) as a modality tells of them: data sets byte by byte, and the clients of dcmjs-dimse and odil.
 *
 *  Independent of src: what that reads is checked against this. */
import dimse from 'dcmjs-dimse'
import { CT_IMAGE, dataSet, type Overrides, type TestDataSet, testUid } from './data-sets.ts'
import type { Called } from './dcmtk.ts'
import type { CommandElements } from './raw-command.ts'
import { type CommandResult, runCommand } from './run-command.ts'

// The library tells of every message otherwise.
dimse.log.disableAll()

export const MPPS = '1.2.840.10008.3.1.2.3.3'

export interface SeriesTold {
  readonly uid: string
  readonly instances: readonly string[]
}

/** What N-CREATE needs; @param over  elements instead, undefined takes one out */
export function stepBegins(study: string, over: Overrides = {}): TestDataSet {
  return dataSet({
    [0x00080060]: ['CS', 'CT'],
    [0x00081120]: ['SQ', []],
    [0x00100010]: ['PN', 'Hostile^Test'],
    [0x00100020]: ['LO', 'TEST-PATIENT'],
    [0x00200010]: ['SH', '1'],
    [0x00400241]: ['AE', 'CT1'],
    [0x00400244]: ['DA', '20260301'],
    [0x00400245]: ['TM', '101500'],
    [0x00400250]: ['DA', ''],
    [0x00400251]: ['TM', ''],
    [0x00400252]: ['CS', 'IN PROGRESS'],
    [0x00400253]: ['SH', 'PPS1'],
    [0x00400270]: ['SQ', [dataSet({ [0x0020000d]: ['UI', study], [0x00080050]: ['SH', 'ACC1'] })]],
    [0x00400340]: ['SQ', []],
    ...over,
  })
}

/** What the last N-SET needs. */
export function stepEnds(state: string, series: readonly SeriesTold[], over: Overrides = {}): TestDataSet {
  return dataSet({
    [0x00400250]: ['DA', '20260301'],
    [0x00400251]: ['TM', '103000'],
    [0x00400252]: ['CS', state],
    [0x00400340]: ['SQ', series.map(performedSeries)],
    ...over,
  })
}

export function performedSeries({ uid, instances }: SeriesTold): TestDataSet {
  return dataSet({
    [0x00081140]: ['SQ', instances.map((instance) => dataSet({ [0x00081150]: ['UI', CT_IMAGE], [0x00081155]: ['UI', instance] }))],
    [0x00181030]: ['LO', 'Thorax'],
    [0x0020000e]: ['UI', uid],
    [0x00400220]: ['SQ', []],
  })
}

export const createRequest = (uid: string | undefined, more: CommandElements = {}): CommandElements => ({
  2: MPPS,
  256: 0x0140,
  272: 1,
  2048: 1,
  4096: uid,
  ...more,
})

export const setRequest = (uid: string, more: CommandElements = {}): CommandElements => ({
  3: MPPS,
  256: 0x0120,
  272: 1,
  2048: 1,
  4097: uid,
  ...more,
})

/** By the library's own SCU: N-CREATE, then N-SET, each on an association of its own. @returns the status */
export async function tellByLibrary(node: Called, kind: 'create' | 'set', uid: string, elements: Record<string, unknown>): Promise<number> {
  const { NCreateRequest, NSetRequest } = dimse.requests
  const request = kind === 'create' ? new NCreateRequest(MPPS, uid) : new NSetRequest(MPPS, uid)
  request.setDataset(new dimse.Dataset(elements))
  return await new Promise((resolve, reject) => {
    const client = new dimse.Client()
    let status = -1
    request.on('response', (response) => {
      status = response.getStatus()
    })
    client.on('networkError', reject)
    client.on('closed', () => resolve(status))
    client.addRequest(request)
    client.send('127.0.0.1', node.port, 'CT1', node.aeTitle)
  })
}

/** The elements of {@link stepBegins} and {@link stepEnds} as the library takes them. */
export const begins = (study: string) => ({
  Modality: 'CT',
  PatientName: 'Hostile^Test',
  PatientID: 'TEST-PATIENT',
  PerformedStationAETitle: 'CT1',
  PerformedProcedureStepID: 'PPS1',
  PerformedProcedureStepStartDate: '20260301',
  PerformedProcedureStepStartTime: '101500',
  PerformedProcedureStepStatus: 'IN PROGRESS',
  ScheduledStepAttributesSequence: [{ StudyInstanceUID: study, AccessionNumber: 'ACC1' }],
  PerformedSeriesSequence: [],
})

export const ends = (state: string, series: readonly SeriesTold[]) => ({
  PerformedProcedureStepStatus: state,
  PerformedProcedureStepEndDate: '20260301',
  PerformedProcedureStepEndTime: '103000',
  PerformedSeriesSequence: series.map(({ uid, instances }) => ({
    SeriesInstanceUID: uid,
    ProtocolName: 'Thorax',
    ReferencedImageSequence: instances.map((instance) => ({ ReferencedSOPClassUID: CT_IMAGE, ReferencedSOPInstanceUID: instance })),
    ReferencedNonImageCompositeSOPInstanceSequence: [],
  })),
})

/** N-CREATE and N-SET on one association by odil, a third implementation (Debian package python3-odil). @returns both statuses */
export async function tellByOdil(node: Called, study: string, series: SeriesTold): Promise<CommandResult> {
  const step = testUid()
  return await runCommand('/usr/bin/python3', ['-c', ODIL, String(node.port), node.aeTitle, step, study, series.uid, ...series.instances])
}

const ODIL = `
import sys, odil
port, called, step, study, series = sys.argv[1:6]
mpps = "${MPPS}"
association = odil.Association()
association.set_peer_host("127.0.0.1")
association.set_peer_port(int(port))
association.update_parameters().set_calling_ae_title("ODIL").set_called_ae_title(called).set_presentation_contexts([
  odil.AssociationParameters.PresentationContext(1, mpps, [odil.registry.ExplicitVRLittleEndian], odil.AssociationParameters.PresentationContext.Role.SCU)])
association.associate()
def item(**values):
  made = odil.DataSet()
  for name, value in values.items():
    made.add(getattr(odil.registry, name), value)
  return made
created = item(Modality=["CT"], PerformedStationAETitle=["CT1"], PerformedProcedureStepID=["PPS1"], PerformedProcedureStepStartDate=["20260301"],
  PerformedProcedureStepStartTime=["101500"], PerformedProcedureStepStatus=["IN PROGRESS"], ScheduledStepAttributesSequence=[item(StudyInstanceUID=[study])])
images = [item(ReferencedSOPClassUID=["${CT_IMAGE}"], ReferencedSOPInstanceUID=[uid]) for uid in sys.argv[6:]]
ended = item(PerformedProcedureStepStatus=["COMPLETED"], PerformedProcedureStepEndDate=["20260301"], PerformedProcedureStepEndTime=["103000"],
  PerformedSeriesSequence=[item(SeriesInstanceUID=[series], ProtocolName=["Thorax"], ReferencedImageSequence=images)])
create = odil.messages.NCreateRequest(association.next_message_id(), mpps, created)
create.set_affected_sop_instance_uid(step)
for request in (create, odil.messages.NSetRequest(association.next_message_id(), mpps, step, ended)):
  association.send_message(request, mpps)
  print(odil.messages.Response(association.receive_message()).get_status())
association.release()
`
