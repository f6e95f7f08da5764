package proxy

// spelling gives back the names that net/http has rewritten: it canonicalises a
// request's header names while reading them (MS-ASProtocolVersion becomes
// Ms-Asprotocolversion), and the original cannot be recovered. Names are
// case-insensitive (RFC 9110 5.1), yet logs, WAF rules and hand-written servers
// compare them as they stand in the specifications (MS-ASHTTP 2.2.1.1.2,
// MS-OXCMAPIHTTP 2.2.3, MS-RPCH 2.2.2).
//
// Answers need no table: their names are kept as the server spelled them.
var spelling = table(
	"MS-ASAcceptMultiPart", "MS-ASProtocolVersion", "MS-ASProtocolVersions", "MS-ASProtocolCommands",
	"MS-Server-ActiveSync", "X-MS-PolicyKey", "X-MS-RP", "X-MS-Location", "X-MS-ASThrottle",
	"X-MS-WL", "X-MS-Credentials-Expire", "X-MS-Credential-Service-Url", "X-MS-NoPush",
	"WWW-Authenticate", "TE", "DNT", "ETag", "SOAPAction", "X-UA-Compatible", "MIME-Version", "Content-MD5", "Content-ID",
	"X-AnchorMailbox", "X-OWA-CANARY", "X-OWA-ActionName", "X-OWA-ActionId", "X-OWA-CorrelationId", "X-OWA-ClientBegin",
	"X-OWA-ClientBuildVersion", "X-OWA-UrlPostData", "X-OWA-Version", "X-PublicFolderMailbox", "X-FEServer", "X-BEServer",
	"X-RequestType", "X-RequestId", "X-ClientInfo", "X-ClientApplication", "X-User-Identity", "X-MapiHttpCapability",
	"X-PendingPeriod", "X-ExpirationInfo", "X-DeviceInfo", "X-TraceId",
	"client-request-id", "return-client-request-id", "request-id",
	"Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform", "Sec-GPC",
	"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions",
	"X-Requested-With", "X-HTTP-Method-Override", "X-Forwarded-For",
)
