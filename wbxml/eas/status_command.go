package eas

// PingStatus is what a Ping was answered with (MS-ASCMD 2.2.3.177.11), or a
// common status above 100. 0 means that there was none.
type PingStatus int

const (
	PingExpired           PingStatus = 1 // the interval elapsed, nothing new: ping again
	PingChanges           PingStatus = 2 // the listed folders have something new: Sync them
	PingMissingParameters PingStatus = 3 // nothing cached; Exchange also when a younger Ping of the device arrives
	PingSyntaxError       PingStatus = 4
	PingInterval          PingStatus = 5 // interval out of range; HeartbeatInterval is the nearest limit
	PingTooManyFolders    PingStatus = 6 // MaxFolders is the limit
	PingHierarchyChanged  PingStatus = 7 // FolderSync first
	PingServerError       PingStatus = 8 // often transient: retry
)

var pingTexts = map[int]string{
	int(PingExpired):           "interval expired",
	int(PingChanges):           "changes",
	int(PingMissingParameters): "parameters missing",
	int(PingSyntaxError):       "syntax error",
	int(PingInterval):          "interval out of range",
	int(PingTooManyFolders):    "too many folders",
	int(PingHierarchyChanged):  "folder hierarchy changed",
	int(PingServerError):       "server error",
}

// String describes the status for logs.
func (s PingStatus) String() string { return statusText(pingTexts, int(s)) }

// SyncStatus is what a Sync, or one collection of it, was answered with
// (MS-ASCMD 2.2.3.177.17), or a common status above 100. 0 means none.
type SyncStatus int

// The values of MS-ASCMD 2.2.3.177.17; 10 and 11 are unassigned.
const (
	SyncSuccess            SyncStatus = 1
	SyncVersionMismatch    SyncStatus = 2 // early servers only, no longer in the table
	SyncInvalidKey         SyncStatus = 3 // start again with key 0
	SyncProtocolError      SyncStatus = 4 // among others: Wait and HeartbeatInterval both present
	SyncServerError        SyncStatus = 5
	SyncConversionError    SyncStatus = 6
	SyncConflict           SyncStatus = 7
	SyncObjectNotFound     SyncStatus = 8
	SyncNotCompleted       SyncStatus = 9 // mailbox out of space, or a server-side failure
	SyncHierarchyChanged   SyncStatus = 12
	SyncIncomplete         SyncStatus = 13 // empty or partial request and nothing cached: resend in full
	SyncInvalidWait        SyncStatus = 14 // Limit is the nearest value, in the unit of the element sent
	SyncTooManyCollections SyncStatus = 15 // Limit is the number allowed
	SyncRetry              SyncStatus = 16
)

var syncTexts = map[int]string{
	int(SyncSuccess):            "success",
	int(SyncVersionMismatch):    "protocol version mismatch",
	int(SyncInvalidKey):         "invalid sync key",
	int(SyncProtocolError):      "protocol error",
	int(SyncServerError):        "server error",
	int(SyncConversionError):    "item cannot be converted",
	int(SyncConflict):           "conflict",
	int(SyncObjectNotFound):     "object not found",
	int(SyncNotCompleted):       "cannot be completed",
	int(SyncHierarchyChanged):   "folder hierarchy changed",
	int(SyncIncomplete):         "request incomplete",
	int(SyncInvalidWait):        "wait out of range",
	int(SyncTooManyCollections): "too many collections",
	int(SyncRetry):              "retry",
}

// String describes the status for logs.
func (s SyncStatus) String() string { return statusText(syncTexts, int(s)) }

// FolderSyncStatus is what a FolderSync was answered with (MS-ASCMD
// 2.2.3.177.5), or a common status above 100. 0 means none.
type FolderSyncStatus int

const (
	FolderSyncSuccess      FolderSyncStatus = 1
	FolderSyncServerError  FolderSyncStatus = 6
	FolderSyncInvalidKey   FolderSyncStatus = 9 // start again with key 0
	FolderSyncBadRequest   FolderSyncStatus = 10
	FolderSyncUnknownError FolderSyncStatus = 11
	FolderSyncUnknownCode  FolderSyncStatus = 12
)

var folderSyncTexts = map[int]string{
	int(FolderSyncSuccess):      "success",
	int(FolderSyncServerError):  "server error",
	int(FolderSyncInvalidKey):   "invalid sync key",
	int(FolderSyncBadRequest):   "bad request",
	int(FolderSyncUnknownError): "unknown error",
	int(FolderSyncUnknownCode):  "unknown code",
}

// String describes the status for logs.
func (s FolderSyncStatus) String() string { return statusText(folderSyncTexts, int(s)) }

// EstimateStatus is what a GetItemEstimate, or one collection of it, was
// answered with (MS-ASCMD 2.2.3.177.7), or a common status above 100. 0 means
// none.
type EstimateStatus int

const (
	EstimateSuccess           EstimateStatus = 1
	EstimateInvalidCollection EstimateStatus = 2
	EstimateNotPrimed         EstimateStatus = 3 // no Sync with key 0 yet; Z-Push for any key it does not know
	EstimateInvalidKey        EstimateStatus = 4
)

var estimateTexts = map[int]string{
	int(EstimateSuccess):           "success",
	int(EstimateInvalidCollection): "invalid collection",
	int(EstimateNotPrimed):         "sync state not primed",
	int(EstimateInvalidKey):        "invalid sync key",
}

// String describes the status for logs.
func (s EstimateStatus) String() string { return statusText(estimateTexts, int(s)) }

// ProvisionStatus is the Status below Provision in a response (MS-ASPROV
// 2.2.2.54.2), or a common status above 100. 0 means none.
type ProvisionStatus int

const (
	ProvisionSuccess       ProvisionStatus = 1
	ProvisionProtocolError ProvisionStatus = 2
	ProvisionServerError   ProvisionStatus = 3
)

var provisionTexts = map[int]string{
	int(ProvisionSuccess):       "success",
	int(ProvisionProtocolError): "protocol error",
	int(ProvisionServerError):   "server error",
}

// String describes the status for logs.
func (s ProvisionStatus) String() string { return statusText(provisionTexts, int(s)) }

// PolicyStatus is the Status below Policy in a Provision response (MS-ASPROV
// 2.2.2.54.1). 0 means none.
type PolicyStatus int

const (
	PolicySuccess     PolicyStatus = 1
	PolicyNone        PolicyStatus = 2 // there is no policy for this client
	PolicyUnknownType PolicyStatus = 3
	PolicyCorrupt     PolicyStatus = 4
	PolicyWrongKey    PolicyStatus = 5 // the client acknowledges another policy
)

var policyTexts = map[int]string{
	int(PolicySuccess):     "success",
	int(PolicyNone):        "no policy",
	int(PolicyUnknownType): "unknown policy type",
	int(PolicyCorrupt):     "policy corrupt",
	int(PolicyWrongKey):    "wrong policy key",
}

// String describes the status for logs.
func (s PolicyStatus) String() string { return statusText(policyTexts, int(s)) }
