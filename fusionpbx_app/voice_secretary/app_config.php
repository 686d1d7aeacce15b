<?php

	//application details
		$apps[$x]['name'] = 'Voice Secretary';
		$apps[$x]['uuid'] = 'cfbe0a63-1d1d-4a2d-9a6e-5ab3e8dbb2a4';
		$apps[$x]['category'] = 'Switch';
		$apps[$x]['subcategory'] = '';
		$apps[$x]['version'] = '1.0';
		$apps[$x]['license'] = 'Mozilla Public License 1.1';
		$apps[$x]['url'] = '';
		$apps[$x]['description']['en-us'] = 'Virtual secretaries that answer, inform and transfer calls.';
		$apps[$x]['description']['pt-br'] = 'Secretárias virtuais que atendem, informam e transferem chamadas.';

	//destination details
		$y=0;
		$apps[$x]['destinations'][$y]['type'] = 'sql';
		$apps[$x]['destinations'][$y]['label'] = 'voice_secretary';
		$apps[$x]['destinations'][$y]['name'] = 'voice_secretary';
		$apps[$x]['destinations'][$y]['sql'] = "select s.secretary_name as name, s.voice_secretary_uuid as uuid, s.secretary_extension as destination, s.secretary_extension as extension, d.domain_name as context from v_voice_secretaries as s, v_domains as d ";
		$apps[$x]['destinations'][$y]['where'] = "where s.domain_uuid = '\${domain_uuid}' and d.domain_uuid = s.domain_uuid and s.secretary_enabled = true ";
		$apps[$x]['destinations'][$y]['order_by'] = "natural_sort(s.secretary_extension) asc";
		$apps[$x]['destinations'][$y]['field']['uuid'] = 'uuid';
		$apps[$x]['destinations'][$y]['field']['name'] = 'name';
		$apps[$x]['destinations'][$y]['field']['destination'] = 'destination';
		$apps[$x]['destinations'][$y]['field']['extension'] = 'extension';
		$apps[$x]['destinations'][$y]['field']['context'] = 'context';
		$apps[$x]['destinations'][$y]['select_value']['dialplan'] = "transfer:\${destination} XML \${context}";
		$apps[$x]['destinations'][$y]['select_value']['ivr'] = "menu-exec-app:transfer \${destination} XML \${context}";
		$apps[$x]['destinations'][$y]['select_label'] = "\${destination} \${name}";

	//permission details
		$y=0;
		$apps[$x]['permissions'][$y]['name'] = 'voice_secretary_view';
		$apps[$x]['permissions'][$y]['menu']['uuid'] = '8d3d6f0d-8d4b-4f07-9f5e-0f6b3d1c9a71';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_secretary_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_secretary_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_secretary_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_secretary_all';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_secretary_destinations';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_provider_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_provider_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_provider_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_provider_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_destination_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_destination_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_destination_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_destination_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_rule_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_rule_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_rule_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_transfer_rule_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_document_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_document_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_document_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_document_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_conversation_view';
		$apps[$x]['permissions'][$y]['menu']['uuid'] = '5f6ac2b8-0a0f-4b52-8a4e-5c6e1f3f7f52';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_conversation_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_conversation_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_conversation_export';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_message_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_live_call_view';
		$apps[$x]['permissions'][$y]['menu']['uuid'] = 'b2f4c9de-6f2e-4d55-9e0b-3ad5b6a7c8d3';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_live_call_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_report_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_webhook_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_webhook_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_webhook_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_webhook_delete';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_setting_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_setting_add';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_setting_edit';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_setting_all';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$y++;
		$apps[$x]['permissions'][$y]['name'] = 'voice_try_view';
		$apps[$x]['permissions'][$y]['groups'][] = 'superadmin';
		$apps[$x]['permissions'][$y]['groups'][] = 'admin';
		$y++;

	//default settings
		$y=0;
		$apps[$x]['default_settings'][$y]['default_setting_uuid'] = '42e66e91-4fb5-5afc-993f-2c98ff2527b8';
		$apps[$x]['default_settings'][$y]['default_setting_category'] = 'voice_secretary';
		$apps[$x]['default_settings'][$y]['default_setting_subcategory'] = 'service_url';
		$apps[$x]['default_settings'][$y]['default_setting_name'] = 'text';
		$apps[$x]['default_settings'][$y]['default_setting_value'] = 'http://127.0.0.1:8100';
		$apps[$x]['default_settings'][$y]['default_setting_enabled'] = 'true';
		$apps[$x]['default_settings'][$y]['default_setting_description'] = 'Where the voice service listens, as this server reaches it.';
		$y++;
		$apps[$x]['default_settings'][$y]['default_setting_uuid'] = '21ede3d6-da61-5e54-94f0-ce50745c99d6';
		$apps[$x]['default_settings'][$y]['default_setting_category'] = 'voice_secretary';
		$apps[$x]['default_settings'][$y]['default_setting_subcategory'] = 'service_api_key';
		$apps[$x]['default_settings'][$y]['default_setting_name'] = 'text';
		$apps[$x]['default_settings'][$y]['default_setting_value'] = '';
		$apps[$x]['default_settings'][$y]['default_setting_enabled'] = 'false';
		$apps[$x]['default_settings'][$y]['default_setting_description'] = 'The service token: of the PBX here, of one domain in the domain settings.';
		$y++;
		$apps[$x]['default_settings'][$y]['default_setting_uuid'] = '72a66c66-b89b-5a88-8cea-6675a1361472';
		$apps[$x]['default_settings'][$y]['default_setting_category'] = 'voice_secretary';
		$apps[$x]['default_settings'][$y]['default_setting_subcategory'] = 'bridge_url';
		$apps[$x]['default_settings'][$y]['default_setting_name'] = 'text';
		$apps[$x]['default_settings'][$y]['default_setting_value'] = '';
		$apps[$x]['default_settings'][$y]['default_setting_enabled'] = 'false';
		$apps[$x]['default_settings'][$y]['default_setting_description'] = 'Where browsers reach the bridge of the voice service, for the test phone (https://).';
		$y++;
		$apps[$x]['default_settings'][$y]['default_setting_uuid'] = '7f64611b-316b-578a-be4b-e245f1c25761';
		$apps[$x]['default_settings'][$y]['default_setting_category'] = 'voice_secretary';
		$apps[$x]['default_settings'][$y]['default_setting_subcategory'] = 'time_limit';
		$apps[$x]['default_settings'][$y]['default_setting_name'] = 'numeric';
		$apps[$x]['default_settings'][$y]['default_setting_value'] = '10';
		$apps[$x]['default_settings'][$y]['default_setting_enabled'] = 'true';
		$apps[$x]['default_settings'][$y]['default_setting_description'] = 'Seconds that a page waits for the voice service.';
		$y++;

	//cache details
		$apps[$x]['cache']['key'] = "dialplan.\${domain_name}";

	//schema details
	//the same tables as migrations/, whichever is run first; what FusionPBX cannot declare is added there.
	//the queue of documents and the tickets of streams are the service's alone, and made by migrations/ only
		$y=0;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_providers', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_provider_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'provider_kind', 'type' => 'text'],
			['name' => 'provider_name', 'type' => 'text'],
			['name' => 'provider_label', 'type' => 'text', 'search' => 'true'],
			['name' => 'provider_settings', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'provider_secret', 'type' => 'text'],
			['name' => 'provider_priority', 'type' => 'numeric'],
			['name' => 'provider_enabled', 'type' => 'boolean'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_secretaries', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'dialplan_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_dialplans', 'field' => 'dialplan_uuid']]],
			['name' => 'secretary_name', 'type' => 'text', 'search' => 'true'],
			['name' => 'secretary_extension', 'type' => 'text', 'search' => 'true'],
			['name' => 'secretary_mode', 'type' => 'text'],
			['name' => 'secretary_settings', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'published_version', 'type' => 'numeric'],
			['name' => 'secretary_enabled', 'type' => 'boolean'],
			['name' => 'secretary_description', 'type' => 'text', 'search' => 'true'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_secretary_versions', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_secretary_version_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_secretaries', 'field' => 'voice_secretary_uuid']]],
			['name' => 'version_number', 'type' => 'numeric'],
			['name' => 'version_settings', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'version_note', 'type' => 'text'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_transfer_destinations', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_transfer_destination_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_secretaries', 'field' => 'voice_secretary_uuid']]],
			['name' => 'destination_name', 'type' => 'text', 'search' => 'true'],
			['name' => 'destination_aliases', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'destination_kind', 'type' => 'text'],
			['name' => 'destination_number', 'type' => 'text', 'search' => 'true'],
			['name' => 'destination_order', 'type' => 'numeric'],
			['name' => 'destination_enabled', 'type' => 'boolean'],
			['name' => 'destination_description', 'type' => 'text'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_transfer_rules', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_transfer_rule_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_secretaries', 'field' => 'voice_secretary_uuid']]],
			['name' => 'voice_transfer_destination_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_transfer_destinations', 'field' => 'voice_transfer_destination_uuid']]],
			['name' => 'rule_intent', 'type' => 'text', 'search' => 'true'],
			['name' => 'rule_phrases', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'rule_language', 'type' => 'text'],
			['name' => 'rule_priority', 'type' => 'numeric'],
			['name' => 'rule_immediate', 'type' => 'boolean'],
			['name' => 'rule_enabled', 'type' => 'boolean'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_callers', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_caller_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'caller_number', 'type' => 'text', 'search' => 'true'],
			['name' => 'caller_name', 'type' => 'text'],
			['name' => 'first_call_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'last_call_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'call_count', 'type' => 'numeric'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_live_calls', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_live_call_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_secretaries', 'field' => 'voice_secretary_uuid']]],
			['name' => 'call_state', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'turn_count', 'type' => 'numeric'],
			['name' => 'started_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'seen_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_conversations', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_conversation_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'call_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_secretaries', 'field' => 'voice_secretary_uuid']]],
			['name' => 'voice_caller_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_callers', 'field' => 'voice_caller_uuid']]],
			['name' => 'secretary_name', 'type' => 'text', 'search' => 'true'],
			['name' => 'secretary_version', 'type' => 'numeric'],
			['name' => 'conversation_mode', 'type' => 'text'],
			['name' => 'caller_number', 'type' => 'text', 'search' => 'true'],
			['name' => 'called_number', 'type' => 'text'],
			['name' => 'language', 'type' => 'text'],
			['name' => 'started_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'answered_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'ended_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'duration_ms', 'type' => 'numeric'],
			['name' => 'turn_count', 'type' => 'numeric'],
			['name' => 'resolution', 'type' => 'text'],
			['name' => 'end_reason', 'type' => 'text'],
			['name' => 'hangup_cause', 'type' => 'text'],
			['name' => 'transferred_to', 'type' => 'text'],
			['name' => 'message_text', 'type' => 'text'],
			['name' => 'message_audio_ref', 'type' => 'text'],
			['name' => 'recording_ref', 'type' => 'text'],
			['name' => 'latency', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'providers', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'prompt_tokens', 'type' => 'numeric'],
			['name' => 'completion_tokens', 'type' => 'numeric'],
			['name' => 'cost_cents', 'type' => 'numeric'],
			['name' => 'summary', 'type' => 'text', 'search' => 'true'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'feedback_rating', 'type' => 'numeric'],
			['name' => 'feedback_note', 'type' => 'text'],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_messages', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_message_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_conversation_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_conversations', 'field' => 'voice_conversation_uuid']]],
			['name' => 'message_index', 'type' => 'numeric'],
			['name' => 'turn_number', 'type' => 'numeric'],
			['name' => 'speaker', 'type' => 'text'],
			['name' => 'message_text', 'type' => 'text'],
			['name' => 'heard_text', 'type' => 'text'],
			['name' => 'language', 'type' => 'text'],
			['name' => 'confidence', 'type' => 'numeric'],
			['name' => 'digits', 'type' => 'text'],
			['name' => 'message_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'audio_ref', 'type' => 'text'],
			['name' => 'audio_ms', 'type' => 'numeric'],
			['name' => 'played_ms', 'type' => 'numeric'],
			['name' => 'barged_in', 'type' => 'boolean'],
			['name' => 'action', 'type' => 'text'],
			['name' => 'intent', 'type' => 'text'],
			['name' => 'latency', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'providers', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'prompt_tokens', 'type' => 'numeric'],
			['name' => 'completion_tokens', 'type' => 'numeric'],
			['name' => 'sources', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'tools', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'embedding_model', 'type' => 'text'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'feedback_rating', 'type' => 'numeric'],
			['name' => 'feedback_note', 'type' => 'text'],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_documents', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_document_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_secretary_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_secretaries', 'field' => 'voice_secretary_uuid']]],
			['name' => 'document_name', 'type' => 'text', 'search' => 'true'],
			['name' => 'document_type', 'type' => 'text'],
			['name' => 'document_language', 'type' => 'text'],
			['name' => 'document_hash', 'type' => 'text'],
			['name' => 'document_bytes', 'type' => 'numeric'],
			['name' => 'document_status', 'type' => 'text'],
			['name' => 'document_progress', 'type' => 'numeric'],
			['name' => 'document_error', 'type' => 'text'],
			['name' => 'document_ref', 'type' => 'text'],
			['name' => 'document_version', 'type' => 'numeric'],
			['name' => 'embedding_model', 'type' => 'text'],
			['name' => 'embedding_dimension', 'type' => 'numeric'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_chunks', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_chunk_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_document_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_documents', 'field' => 'voice_document_uuid']]],
			['name' => 'document_version', 'type' => 'numeric'],
			['name' => 'chunk_index', 'type' => 'numeric'],
			['name' => 'chunk_text', 'type' => 'text'],
			['name' => 'chunk_language', 'type' => 'text'],
			['name' => 'chunk_heading', 'type' => 'text'],
			['name' => 'chunk_page', 'type' => 'numeric'],
			['name' => 'chunk_tokens', 'type' => 'numeric'],
			['name' => 'embedding_model', 'type' => 'text'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_webhooks', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_webhook_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'webhook_name', 'type' => 'text', 'search' => 'true'],
			['name' => 'webhook_kind', 'type' => 'text'],
			['name' => 'webhook_url', 'type' => 'text'],
			['name' => 'webhook_events', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'webhook_headers', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'webhook_secret', 'type' => 'text'],
			['name' => 'webhook_token', 'type' => 'text'],
			['name' => 'webhook_enabled', 'type' => 'boolean'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_outbox', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_outbox_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'voice_webhook_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_voice_webhooks', 'field' => 'voice_webhook_uuid']]],
			['name' => 'event_name', 'type' => 'text'],
			['name' => 'event_id', 'type' => 'text'],
			['name' => 'event_payload', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'delivery_status', 'type' => 'text'],
			['name' => 'attempt_count', 'type' => 'numeric'],
			['name' => 'next_attempt_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'claimed_until_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'delivered_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'last_status_code', 'type' => 'numeric'],
			['name' => 'last_error', 'type' => 'text'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_tokens', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_token_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'token_name', 'type' => 'text'],
			['name' => 'token_hash', 'type' => 'text'],
			['name' => 'token_hint', 'type' => 'text'],
			['name' => 'token_scopes', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'token_enabled', 'type' => 'boolean'],
			['name' => 'expires_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'last_used_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_settings', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_setting_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'setting_category', 'type' => 'text'],
			['name' => 'setting_name', 'type' => 'text'],
			['name' => 'setting_value', 'type' => ['pgsql' => 'jsonb', 'sqlite' => 'text', 'mysql' => 'json']],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;
		$apps[$x]['db'][$y]['table'] = ['name' => 'v_voice_usage', 'parent' => ''];
		$apps[$x]['db'][$y]['fields'] = [
			['name' => 'domain_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'foreign', 'reference' => ['table' => 'v_domains', 'field' => 'domain_uuid']]],
			['name' => 'voice_usage_uuid', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)'], 'key' => ['type' => 'primary']],
			['name' => 'usage_day', 'type' => 'date'],
			['name' => 'provider_kind', 'type' => 'text'],
			['name' => 'provider_name', 'type' => 'text'],
			['name' => 'provider_model', 'type' => 'text'],
			['name' => 'request_count', 'type' => 'numeric'],
			['name' => 'unit_count', 'type' => 'numeric'],
			['name' => 'cost_cents', 'type' => 'numeric'],
			['name' => 'insert_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'insert_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
			['name' => 'update_date', 'type' => ['pgsql' => 'timestamptz', 'sqlite' => 'date', 'mysql' => 'date']],
			['name' => 'update_user', 'type' => ['pgsql' => 'uuid', 'sqlite' => 'text', 'mysql' => 'char(36)']],
		];
		$y++;

?>
