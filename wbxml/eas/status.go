package eas

import "strconv"

// Status values that every command may answer with (MS-ASCMD 2.2.2). Since
// 14.0 they stand in the Status element; up to 12.1 most are HTTP codes. They
// are untyped: resp.Status == StatusDeviceNotProvisioned works for any status.
const (
	StatusInvalidContent                 = 101 // not the Content-Type of this protocol
	StatusInvalidWBXML                   = 102
	StatusInvalidXML                     = 103
	StatusInvalidDateTime                = 104
	StatusInvalidCombinationOfIDs        = 105
	StatusInvalidIDs                     = 106
	StatusInvalidMIME                    = 107
	StatusDeviceIDMissingOrInvalid       = 108
	StatusDeviceTypeMissingOrInvalid     = 109
	StatusServerError                    = 110 // do not retry
	StatusServerErrorRetryLater          = 111
	StatusActiveDirectoryAccessDenied    = 112
	StatusMailboxQuotaExceeded           = 113
	StatusMailboxServerOffline           = 114
	StatusSendQuotaExceeded              = 115
	StatusMessageRecipientUnresolved     = 116
	StatusMessageReplyNotAllowed         = 117
	StatusMessagePreviouslySent          = 118
	StatusMessageHasNoRecipient          = 119
	StatusMailSubmissionFailed           = 120
	StatusMessageReplyFailed             = 121
	StatusAttachmentIsTooLarge           = 122
	StatusUserHasNoMailbox               = 123
	StatusUserCannotBeAnonymous          = 124
	StatusUserPrincipalCouldNotBeFound   = 125
	StatusUserDisabledForSync            = 126
	StatusUserOnNewMailboxCannotSync     = 127
	StatusUserOnLegacyMailboxCannotSync  = 128
	StatusDeviceIsBlockedForThisUser     = 129
	StatusAccessDenied                   = 130
	StatusAccountDisabled                = 131
	StatusSyncStateNotFound              = 132
	StatusSyncStateLocked                = 133
	StatusSyncStateCorrupt               = 134
	StatusSyncStateAlreadyExists         = 135
	StatusSyncStateVersionInvalid        = 136 // Z-Push: a younger request of the device took over
	StatusCommandNotSupported            = 137
	StatusVersionNotSupported            = 138
	StatusDeviceNotFullyProvisionable    = 139
	StatusRemoteWipeRequested            = 140
	StatusLegacyDeviceOnStrictPolicy     = 141
	StatusDeviceNotProvisioned           = 142
	StatusPolicyRefresh                  = 143
	StatusInvalidPolicyKey               = 144
	StatusExternallyManagedNotAllowed    = 145
	StatusNoRecurrenceInCalendar         = 146
	StatusUnexpectedItemClass            = 147
	StatusRemoteServerHasNoSSL           = 148
	StatusInvalidStoredRequest           = 149
	StatusItemNotFound                   = 150
	StatusTooManyFolders                 = 151
	StatusNoFoldersFound                 = 152
	StatusItemsLostAfterMove             = 153
	StatusFailureInMoveOperation         = 154
	StatusMoveCommandDisallowed          = 155
	StatusMoveCommandInvalidDestination  = 156
	StatusAvailabilityTooManyRecipients  = 160
	StatusAvailabilityDLLimitReached     = 161
	StatusAvailabilityTransientFailure   = 162
	StatusAvailabilityFailure            = 163
	StatusBodyPartPreferenceNotSupported = 164
	StatusDeviceInformationRequired      = 165
	StatusInvalidAccountID               = 166
	StatusAccountSendDisabled            = 167
	StatusIRMFeatureDisabled             = 168
	StatusIRMTransientError              = 169
	StatusIRMPermanentError              = 170
	StatusIRMInvalidTemplateID           = 171
	StatusIRMOperationNotPermitted       = 172
	StatusNoPicture                      = 173
	StatusPictureTooLarge                = 174
	StatusPictureLimitReached            = 175
	StatusBodyPartConversationTooLarge   = 176
	StatusMaximumDevicesReached          = 177
)

var commonTexts = map[int]string{
	StatusInvalidContent:                 "content of another type",
	StatusInvalidWBXML:                   "invalid WBXML",
	StatusInvalidXML:                     "invalid XML",
	StatusInvalidDateTime:                "invalid date or time",
	StatusInvalidCombinationOfIDs:        "invalid combination of ids",
	StatusInvalidIDs:                     "invalid ids",
	StatusInvalidMIME:                    "invalid MIME",
	StatusDeviceIDMissingOrInvalid:       "device id missing or invalid",
	StatusDeviceTypeMissingOrInvalid:     "device type missing or invalid",
	StatusServerError:                    "server error",
	StatusServerErrorRetryLater:          "server error, retry later",
	StatusActiveDirectoryAccessDenied:    "directory access denied",
	StatusMailboxQuotaExceeded:           "mailbox full",
	StatusMailboxServerOffline:           "mailbox server offline",
	StatusSendQuotaExceeded:              "send quota exceeded",
	StatusMessageRecipientUnresolved:     "recipient unresolved",
	StatusMessageReplyNotAllowed:         "reply not allowed",
	StatusMessagePreviouslySent:          "message sent before",
	StatusMessageHasNoRecipient:          "message without recipient",
	StatusMailSubmissionFailed:           "mail submission failed",
	StatusMessageReplyFailed:             "reply failed",
	StatusAttachmentIsTooLarge:           "attachment too large",
	StatusUserHasNoMailbox:               "user has no mailbox",
	StatusUserCannotBeAnonymous:          "user cannot be anonymous",
	StatusUserPrincipalCouldNotBeFound:   "user not found",
	StatusUserDisabledForSync:            "user disabled for sync",
	StatusUserOnNewMailboxCannotSync:     "user on a newer mailbox server cannot sync",
	StatusUserOnLegacyMailboxCannotSync:  "user on an older mailbox server cannot sync",
	StatusDeviceIsBlockedForThisUser:     "device blocked for this user",
	StatusAccessDenied:                   "access denied",
	StatusAccountDisabled:                "account disabled",
	StatusSyncStateNotFound:              "sync state not found",
	StatusSyncStateLocked:                "sync state locked",
	StatusSyncStateCorrupt:               "sync state corrupt",
	StatusSyncStateAlreadyExists:         "sync state exists already",
	StatusSyncStateVersionInvalid:        "sync state of another version",
	StatusCommandNotSupported:            "command not supported",
	StatusVersionNotSupported:            "protocol version not supported",
	StatusDeviceNotFullyProvisionable:    "device cannot follow the whole policy",
	StatusRemoteWipeRequested:            "remote wipe requested",
	StatusLegacyDeviceOnStrictPolicy:     "old device under a strict policy",
	StatusDeviceNotProvisioned:           "device not provisioned",
	StatusPolicyRefresh:                  "policy has changed",
	StatusInvalidPolicyKey:               "invalid policy key",
	StatusExternallyManagedNotAllowed:    "externally managed devices not allowed",
	StatusNoRecurrenceInCalendar:         "no such recurrence in the calendar",
	StatusUnexpectedItemClass:            "unexpected item class",
	StatusRemoteServerHasNoSSL:           "remote server without SSL",
	StatusInvalidStoredRequest:           "stored request invalid",
	StatusItemNotFound:                   "item not found",
	StatusTooManyFolders:                 "too many folders",
	StatusNoFoldersFound:                 "no folders found",
	StatusItemsLostAfterMove:             "items lost after move",
	StatusFailureInMoveOperation:         "move failed",
	StatusMoveCommandDisallowed:          "move not allowed",
	StatusMoveCommandInvalidDestination:  "invalid destination of move",
	StatusAvailabilityTooManyRecipients:  "availability: too many recipients",
	StatusAvailabilityDLLimitReached:     "availability: distribution list too large",
	StatusAvailabilityTransientFailure:   "availability: transient failure",
	StatusAvailabilityFailure:            "availability: failure",
	StatusBodyPartPreferenceNotSupported: "body part preference not supported",
	StatusDeviceInformationRequired:      "device information required",
	StatusInvalidAccountID:               "invalid account id",
	StatusAccountSendDisabled:            "sending disabled for the account",
	StatusIRMFeatureDisabled:             "rights management disabled",
	StatusIRMTransientError:              "rights management: transient error",
	StatusIRMPermanentError:              "rights management: permanent error",
	StatusIRMInvalidTemplateID:           "rights management: invalid template",
	StatusIRMOperationNotPermitted:       "rights management: operation not permitted",
	StatusNoPicture:                      "no picture",
	StatusPictureTooLarge:                "picture too large",
	StatusPictureLimitReached:            "picture limit reached",
	StatusBodyPartConversationTooLarge:   "conversation too large",
	StatusMaximumDevicesReached:          "too many devices for this user",
}

// statusText describes a status: the command's own word, a common one, or the
// number alone.
func statusText(own map[int]string, status int) string {
	if text, ok := own[status]; ok {
		return text
	}
	if text, ok := commonTexts[status]; ok {
		return text
	}
	return "status " + strconv.Itoa(status)
}
