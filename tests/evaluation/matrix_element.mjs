// Somebody with the cryptography of Element (matrix-js-sdk) that gives keys to devices alone which their owner signed:
// asks krab in an encrypted room, then verifies it by emoji. Prints one JSON object. See tests/evaluation/matrix.py.
import * as sdk from "matrix-js-sdk";
import { OnlySignedDevicesIsolationMode, VerificationPhase, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";

const [url, user, token, device, password, bot] = process.argv.slice(2);
const PATIENCE = 30_000;
const megolm = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
const identifier = { type: "m.id.user", user };

async function until(found) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const value = await found();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`gave up waiting for ${found}`);
}

const client = sdk.createClient({ baseUrl: url, userId: user, accessToken: token, deviceId: device });
await client.initRustCrypto({ useIndexedDB: false });
const crypto = client.getCrypto();
crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
await crypto.bootstrapCrossSigning({
  authUploadDeviceSigningKeys: (upload) => upload({ type: "m.login.password", identifier, password }),
});
await client.startClient({ initialSyncLimit: 20 });
await new Promise((resolve) => client.once(sdk.ClientEvent.Sync, resolve));

const { room_id: room } = await client.createRoom({ invite: [bot], is_direct: true, initial_state: [megolm] });
await until(async () => (await client.getJoinedRoomMembers(room)).joined[bot]);
await client.sendMessage(room, { msgtype: "m.text", body: "why?" });
const isAnswer = (event) => event.getSender() === bot && event.getType() === "m.room.message";
const answer = await until(() => client.getRoom(room)?.getLiveTimeline().getEvents().find(isAnswer));
const shown = await crypto.getEncryptionInfoForEvent(answer);
const devices = [...(await crypto.getUserDeviceInfo([bot], true)).get(bot).keys()];
const signed = await Promise.all(devices.map(async (id) => (await crypto.getDeviceVerificationStatus(bot, id)).signedByOwner));

const request = await crypto.requestVerificationDM(bot, room);
await until(() => request.phase === VerificationPhase.Ready);
const verifier = await request.startVerification("m.sas.v1");
let emoji = "";
verifier.on(VerifierEvent.ShowSas, (sas) => {
  emoji = sas.sas.emoji.map((pair) => pair.join(" ")).join(", ");
  sas.confirm();
});
await verifier.verify();
const verified = await until(async () => (await crypto.getUserVerificationStatus(bot)).isCrossSigningVerified());
console.log(JSON.stringify({ answer: answer.getContent().body, shield: shown.shieldColour, signed, emoji, verified }));
client.stopClient();
process.exit(0);
