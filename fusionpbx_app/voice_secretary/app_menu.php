<?php

	$y=0;
	$apps[$x]['menu'][$y]['title']['en-us'] = 'Voice Secretary';
	$apps[$x]['menu'][$y]['title']['pt-br'] = 'Secretária Virtual';
	$apps[$x]['menu'][$y]['uuid'] = '8d3d6f0d-8d4b-4f07-9f5e-0f6b3d1c9a71';
	$apps[$x]['menu'][$y]['parent_uuid'] = 'fd29e39c-c936-f5fc-8e2b-611681b266b5';
	$apps[$x]['menu'][$y]['category'] = 'internal';
	$apps[$x]['menu'][$y]['icon'] = '';
	$apps[$x]['menu'][$y]['path'] = '/app/voice_secretary/voice_secretaries.php';
	$apps[$x]['menu'][$y]['order'] = '';
	$apps[$x]['menu'][$y]['groups'][] = 'superadmin';
	$apps[$x]['menu'][$y]['groups'][] = 'admin';
	$y++;
	$apps[$x]['menu'][$y]['title']['en-us'] = 'Voice Conversations';
	$apps[$x]['menu'][$y]['title']['pt-br'] = 'Conversas da Secretária';
	$apps[$x]['menu'][$y]['uuid'] = '5f6ac2b8-0a0f-4b52-8a4e-5c6e1f3f7f52';
	$apps[$x]['menu'][$y]['parent_uuid'] = '0438b504-8613-7887-c420-c837ffb20cb1';
	$apps[$x]['menu'][$y]['category'] = 'internal';
	$apps[$x]['menu'][$y]['icon'] = '';
	$apps[$x]['menu'][$y]['path'] = '/app/voice_secretary/voice_conversations.php';
	$apps[$x]['menu'][$y]['order'] = '';
	$apps[$x]['menu'][$y]['groups'][] = 'superadmin';
	$apps[$x]['menu'][$y]['groups'][] = 'admin';
	$y++;
	$apps[$x]['menu'][$y]['title']['en-us'] = 'Voice Live Calls';
	$apps[$x]['menu'][$y]['title']['pt-br'] = 'Secretária ao Vivo';
	$apps[$x]['menu'][$y]['uuid'] = 'b2f4c9de-6f2e-4d55-9e0b-3ad5b6a7c8d3';
	$apps[$x]['menu'][$y]['parent_uuid'] = '0438b504-8613-7887-c420-c837ffb20cb1';
	$apps[$x]['menu'][$y]['category'] = 'internal';
	$apps[$x]['menu'][$y]['icon'] = '';
	$apps[$x]['menu'][$y]['path'] = '/app/voice_secretary/voice_live_calls.php';
	$apps[$x]['menu'][$y]['order'] = '';
	$apps[$x]['menu'][$y]['groups'][] = 'superadmin';
	$apps[$x]['menu'][$y]['groups'][] = 'admin';
	$y++;

?>
