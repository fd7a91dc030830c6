// A DICOM toolkit of another lineage, dcmjs-dimse, against the hub's DICOM port: stores, asks at each level, gets and moves.
// Arguments: the toolkit's folder, the hub's port, a port to receive on, a file to store. Prints one JSON object.
const [folder, hubPort, ownPort, file] = process.argv.slice(2);
const dimse = require(folder);
const { Client, Server, Scp } = dimse;
const { CEchoRequest, CStoreRequest, CFindRequest, CGetRequest, CMoveRequest } = dimse.requests;
const { CStoreResponse } = dimse.responses;
const { Status, PresentationContextResult } = dimse.constants;
dimse.log.setLevel('silent');

const received = [];

class Receiver extends Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
    }
    this.sendAssociationAccept();
  }
  cStoreRequest(request, callback) {
    received.push(request.getDataset().getElements().PatientName);
    const response = CStoreResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
  }
  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

// Every response of one request on an association of its own, and what came in on it.
function ask(title, request, options) {
  return new Promise((resolve, reject) => {
    const answers = [];
    const stored = [];
    const client = new Client();
    request.on('response', (response) => answers.push(response));
    client.on('cStoreRequest', (store, callback) => {
      stored.push(store.getDataset().getElements().SOPInstanceUID);
      const response = CStoreResponse.fromRequest(store);
      response.setStatus(Status.Success);
      callback(response);
    });
    client.on('networkError', reject);
    client.on('associationRejected', reject);
    client.on('closed', () => resolve({ answers, stored }));
    client.addRequest(request);
    client.send('127.0.0.1', Number(hubPort), title, 'TONGJIAN', options);
  });
}

const last = ({ answers }) => answers[answers.length - 1].getStatus();
const found = ({ answers }) => answers.filter((answer) => answer.getStatus() === Status.Pending && answer.hasDataset());

async function run() {
  const said = {};
  const server = new Server(Receiver);
  server.listen(Number(ownPort));
  said.echo = last(await ask('READER', new CEchoRequest()));
  said.store = last(await ask('DR1', new CStoreRequest(file)));
  const studies = found(await ask('READER', CFindRequest.createStudyFindRequest({ PatientName: 'WANG*' })));
  said.studies = studies.length;
  const study = studies[0].getDataset().getElement('StudyInstanceUID');
  const series = found(await ask('READER', CFindRequest.createSeriesFindRequest({ StudyInstanceUID: study })));
  said.series = series.length;
  said.images = found(await ask('READER', CFindRequest.createImageFindRequest({
    StudyInstanceUID: study, SeriesInstanceUID: series[0].getDataset().getElement('SeriesInstanceUID') }))).length;
  const got = await ask('READER', CGetRequest.createStudyGetRequest(study));
  said.get = last(got);
  said.got = got.stored.length;
  said.move = last(await ask('READER', CMoveRequest.createStudyMoveRequest('READER', study)));
  said.moved = received.length;
  server.close();
  console.log(JSON.stringify(said));
  process.exit(0);
}

run().catch((error) => {
  console.error(error);
  process.exit(1);
});
