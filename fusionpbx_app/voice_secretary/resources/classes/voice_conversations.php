<?php

/**
 * Names the app to FusionPBX's log of transactions.
 */
class voice_conversations {

	const app_name = 'voice_secretary';
	const app_uuid = 'cfbe0a63-1d1d-4a2d-9a6e-5ab3e8dbb2a4';
}
