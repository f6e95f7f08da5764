package eas

// Pages of the device itself: policies and settings.

// wordsProvision is code page 14 (MS-ASWBXML 2.1.2.1.15).
// DocumentBrowseEnabled is only in old editions.
var wordsProvision = words{"Provision", [tagLimit]string{
	0x05: "Provision", "Policies", "Policy", "PolicyType", "PolicyKey", "Data", "Status", "RemoteWipe",
	0x0D: "EASProvisionDoc", "DevicePasswordEnabled", "AlphanumericDevicePasswordRequired",
	0x10: "RequireStorageCardEncryption", "PasswordRecoveryEnabled", "DocumentBrowseEnabled",
	0x13: "AttachmentsEnabled", "MinDevicePasswordLength", "MaxInactivityTimeDeviceLock",
	0x16: "MaxDevicePasswordFailedAttempts", "MaxAttachmentSize", "AllowSimpleDevicePassword",
	0x19: "DevicePasswordExpiration", "DevicePasswordHistory", "AllowStorageCard", "AllowCamera",
	0x1D: "RequireDeviceEncryption", "AllowUnsignedApplications", "AllowUnsignedInstallationPackages",
	0x20: "MinDevicePasswordComplexCharacters", "AllowWiFi", "AllowTextMessaging", "AllowPOPIMAPEmail",
	0x24: "AllowBluetooth", "AllowIrDA", "RequireManualSyncWhenRoaming", "AllowDesktopSync",
	0x28: "MaxCalendarAgeFilter", "AllowHTMLEmail", "MaxEmailAgeFilter", "MaxEmailBodyTruncationSize",
	0x2C: "MaxEmailHTMLBodyTruncationSize", "RequireSignedSMIMEMessages", "RequireEncryptedSMIMEMessages",
	0x2F: "RequireSignedSMIMEAlgorithm", "RequireEncryptionSMIMEAlgorithm",
	0x31: "AllowSMIMEEncryptionAlgorithmNegotiation", "AllowSMIMESoftCerts", "AllowBrowser",
	0x34: "AllowConsumerEmail", "AllowRemoteDesktop", "AllowInternetSharing",
	0x37: "UnapprovedInROMApplicationList", "ApplicationName", "ApprovedApplicationList", "Hash",
	0x3B: "AccountOnlyRemoteWipe",
}}

// wordsSettings is code page 18 (MS-ASWBXML 2.1.2.1.19).
var wordsSettings = words{"Settings", [tagLimit]string{
	0x05: "Settings", "Status", "Get", "Set", "Oof", "OofState", "StartTime", "EndTime", "OofMessage",
	0x0E: "AppliesToInternal", "AppliesToExternalKnown", "AppliesToExternalUnknown", "Enabled",
	0x12: "ReplyMessage", "BodyType", "DevicePassword", "Password", "DeviceInformation", "Model", "IMEI",
	0x19: "FriendlyName", "OS", "OSLanguage", "PhoneNumber", "UserInformation", "EmailAddresses",
	0x1F: "SMTPAddress", "UserAgent", "EnableOutboundSMS", "MobileOperator", "PrimarySmtpAddress",
	0x24: "Accounts", "Account", "AccountId", "AccountName", "UserDisplayName", "SendDisabled",
	0x2B: "RightsManagementInformation",
}}
