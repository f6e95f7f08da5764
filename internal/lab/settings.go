package lab

// settings answers what phones ask when an account is set up (MS-ASCMD 2.2.1.18): it takes what the device says of
// itself, and tells the user's address and that nobody is out of office.
func (c *call) settings() *answer {
	root := el(settingsRoot, leaf(settingsStatus, "1"))
	for _, n := range c.doc.kids {
		switch n.tag {
		case settingsDevice: // model, IMEI, number: taken and forgotten
			root.add(el(settingsDevice, leaf(settingsStatus, "1")))
		case settingsUser:
			root.add(el(settingsUser, leaf(settingsStatus, "1"), el(settingsGet, c.addresses())))
		case settingsOof:
			oof := el(settingsOof, leaf(settingsStatus, "1"))
			if n.child(settingsGet) != nil {
				oof.add(el(settingsGet, leaf(settingsOofState, "0")))
			}
			root.add(oof)
		default: // a property that is not known here: 2 = protocol error for it alone
			root.add(el(n.tag, leaf(settingsStatus, "2")))
		}
	}
	return reply(root)
}

// addresses stands below Accounts from 14.1 on.
func (c *call) addresses() *node {
	list := el(settingsAddresses, leaf(settingsAddress, c.server.Address(c.box.user)))
	if c.version() < 141 {
		return list
	}
	list.kids[0] = leaf(settingsPrimary, c.server.Address(c.box.user))
	return el(settingsAccounts, el(settingsAccount, list))
}
