package lab

// tag is one element name: its code page in the high byte, its token in the low one (MS-ASWBXML 2.1.2.1).
//
// The list is written from the specification and not taken from wbxml/eas, so that a wrong number there shows as
// two programs that do not understand each other.
type tag uint16

func (t tag) page() byte  { return byte(t >> 8) }
func (t tag) token() byte { return byte(t) }

const (
	// Page 0, AirSync.
	syncRoot          tag = 0x0005
	syncResponses     tag = 0x0006
	syncAdd           tag = 0x0007
	syncChange        tag = 0x0008
	syncDelete        tag = 0x0009
	syncFetch         tag = 0x000A
	syncKey           tag = 0x000B
	syncClientID      tag = 0x000C
	syncServerID      tag = 0x000D
	syncStatus        tag = 0x000E
	syncCollection    tag = 0x000F
	syncClass         tag = 0x0010
	syncCollectionID  tag = 0x0012
	syncGetChanges    tag = 0x0013
	syncMoreAvailable tag = 0x0014
	syncWindowSize    tag = 0x0015
	syncCommands      tag = 0x0016
	syncOptions       tag = 0x0017
	syncFilterType    tag = 0x0018
	syncCollections   tag = 0x001C
	syncData          tag = 0x001D
	syncDeletesMove   tag = 0x001E
	syncSoftDelete    tag = 0x0021
	syncWait          tag = 0x0024
	syncLimit         tag = 0x0025
	syncPartial       tag = 0x0026
	syncHeartbeat     tag = 0x0029

	// Page 2, Email.
	emailAttachment  tag = 0x0205
	emailAttachments tag = 0x0206
	emailAttName     tag = 0x0207
	emailAttSize     tag = 0x0208
	emailAttMethod   tag = 0x020A
	emailBody        tag = 0x020C
	emailReceived    tag = 0x020F
	emailDisplayName tag = 0x0210
	emailClass       tag = 0x0213
	emailSubject     tag = 0x0214
	emailRead        tag = 0x0215
	emailTo          tag = 0x0216
	emailFrom        tag = 0x0218
	emailFlag        tag = 0x023A

	// Page 6, GetItemEstimate.
	estimateRoot         tag = 0x0605
	estimateCollections  tag = 0x0607
	estimateCollection   tag = 0x0608
	estimateClass        tag = 0x0609
	estimateCollectionID tag = 0x060A
	estimateCount        tag = 0x060C
	estimateResponse     tag = 0x060D
	estimateStatus       tag = 0x060E

	// Page 7, FolderHierarchy.
	folderName     tag = 0x0707
	folderServerID tag = 0x0708
	folderParentID tag = 0x0709
	folderType     tag = 0x070A
	folderStatus   tag = 0x070C
	folderChanges  tag = 0x070E
	folderAdd      tag = 0x070F
	folderDelete   tag = 0x0710
	folderUpdate   tag = 0x0711
	folderSyncKey  tag = 0x0712
	folderSync     tag = 0x0716
	folderCount    tag = 0x0717

	// Page 13, Ping.
	pingRoot       tag = 0x0D05
	pingStatus     tag = 0x0D07
	pingHeartbeat  tag = 0x0D08
	pingFolders    tag = 0x0D09
	pingFolder     tag = 0x0D0A
	pingID         tag = 0x0D0B
	pingClass      tag = 0x0D0C
	pingMaxFolders tag = 0x0D0D

	// Page 14, Provision.
	provisionRoot       tag = 0x0E05
	provisionPolicies   tag = 0x0E06
	provisionPolicy     tag = 0x0E07
	provisionPolicyType tag = 0x0E08
	provisionPolicyKey  tag = 0x0E09
	provisionData       tag = 0x0E0A
	provisionStatus     tag = 0x0E0B
	provisionDoc        tag = 0x0E0D
	provisionPassword   tag = 0x0E0E

	// Page 15, Search; page 16, GAL.
	searchRoot       tag = 0x0F05
	searchStore      tag = 0x0F07
	searchName       tag = 0x0F08
	searchQuery      tag = 0x0F09
	searchRange      tag = 0x0F0B
	searchStatus     tag = 0x0F0C
	searchResponse   tag = 0x0F0D
	searchResult     tag = 0x0F0E
	searchProperties tag = 0x0F0F
	searchTotal      tag = 0x0F10
	searchFreeText   tag = 0x0F15
	searchLongID     tag = 0x0F18
	galDisplayName   tag = 0x1005
	galAddress       tag = 0x100F

	// Page 17, AirSyncBase.
	baseBodyPreference tag = 0x1105
	baseType           tag = 0x1106
	baseBody           tag = 0x110A
	baseData           tag = 0x110B
	baseEstimatedSize  tag = 0x110C
	baseAttachments    tag = 0x110E
	baseAttachment     tag = 0x110F
	baseDisplayName    tag = 0x1110
	baseFileReference  tag = 0x1111
	baseMethod         tag = 0x1112
	baseContentType    tag = 0x1117

	// Page 18, Settings.
	settingsRoot      tag = 0x1205
	settingsStatus    tag = 0x1206
	settingsGet       tag = 0x1207
	settingsOof       tag = 0x1209
	settingsOofState  tag = 0x120A
	settingsDevice    tag = 0x1216
	settingsUser      tag = 0x121D
	settingsAddresses tag = 0x121E
	settingsAddress   tag = 0x121F
	settingsPrimary   tag = 0x1223
	settingsAccounts  tag = 0x1224
	settingsAccount   tag = 0x1225

	// Page 20, ItemOperations.
	itemRoot       tag = 0x1405
	itemFetch      tag = 0x1406
	itemStore      tag = 0x1407
	itemProperties tag = 0x140B
	itemData       tag = 0x140C
	itemStatus     tag = 0x140D
	itemResponse   tag = 0x140E
	itemPart       tag = 0x1411
	itemTotal      tag = 0x140A

	// Page 21, ComposeMail.
	mailSend     tag = 0x1505
	mailForward  tag = 0x1506
	mailReply    tag = 0x1507
	mailSave     tag = 0x1508
	mailMime     tag = 0x1510
	mailClientID tag = 0x1511
	mailStatus   tag = 0x1512
)
