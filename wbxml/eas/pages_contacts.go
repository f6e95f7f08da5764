package eas

// Pages of people: contacts, the address list, recipients and their certificates.

// wordsContacts is code page 1 (MS-ASWBXML 2.1.2.1.2).
// CompressedRTF is only in old editions.
var wordsContacts = words{"Contacts", [tagLimit]string{
	0x05: "Anniversary", "AssistantName", "AssistantPhoneNumber", "Birthday", "Body", "BodySize",
	0x0B: "BodyTruncated", "Business2PhoneNumber", "BusinessAddressCity", "BusinessAddressCountry",
	0x0F: "BusinessAddressPostalCode", "BusinessAddressState", "BusinessAddressStreet", "BusinessFaxNumber",
	0x13: "BusinessPhoneNumber", "CarPhoneNumber", "Categories", "Category", "Children", "Child",
	0x19: "CompanyName", "Department", "Email1Address", "Email2Address", "Email3Address", "FileAs",
	0x1F: "FirstName", "Home2PhoneNumber", "HomeAddressCity", "HomeAddressCountry", "HomeAddressPostalCode",
	0x24: "HomeAddressState", "HomeAddressStreet", "HomeFaxNumber", "HomePhoneNumber", "JobTitle",
	0x29: "LastName", "MiddleName", "MobilePhoneNumber", "OfficeLocation", "OtherAddressCity",
	0x2E: "OtherAddressCountry", "OtherAddressPostalCode", "OtherAddressState", "OtherAddressStreet",
	0x32: "PagerNumber", "RadioPhoneNumber", "Spouse", "Suffix", "Title", "WebPage", "YomiCompanyName",
	0x39: "YomiFirstName", "YomiLastName", "CompressedRTF", "Picture", "Alias", "WeightedRank",
}}

// wordsContacts2 is code page 12 (MS-ASWBXML 2.1.2.1.13).
var wordsContacts2 = words{"Contacts2", [tagLimit]string{
	0x05: "CustomerId", "GovernmentId", "IMAddress", "IMAddress2", "IMAddress3", "ManagerName",
	0x0B: "CompanyMainPhone", "AccountName", "NickName", "MMS",
}}

// wordsGAL is code page 16 (MS-ASWBXML 2.1.2.1.17).
var wordsGAL = words{"GAL", [tagLimit]string{
	0x05: "DisplayName", "Phone", "Office", "Title", "Company", "Alias", "FirstName", "LastName",
	0x0D: "HomePhone", "MobilePhone", "EmailAddress", "Picture", "Status", "Data",
}}

// wordsResolveRecipients is code page 10 (MS-ASWBXML 2.1.2.1.11).
var wordsResolveRecipients = words{"ResolveRecipients", [tagLimit]string{
	0x05: "ResolveRecipients", "Response", "Status", "Type", "Recipient", "DisplayName", "EmailAddress",
	0x0C: "Certificates", "Certificate", "MiniCertificate", "Options", "To", "CertificateRetrieval",
	0x12: "RecipientCount", "MaxCertificates", "MaxAmbiguousRecipients", "CertificateCount", "Availability",
	0x17: "StartTime", "EndTime", "MergedFreeBusy", "Picture", "MaxSize", "Data", "MaxPictures",
}}

// wordsValidateCert is code page 11 (MS-ASWBXML 2.1.2.1.12).
var wordsValidateCert = words{"ValidateCert", [tagLimit]string{
	0x05: "ValidateCert", "Certificates", "Certificate", "CertificateChain", "CheckCRL", "Status",
}}
