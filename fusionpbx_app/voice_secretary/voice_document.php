<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_document_view');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the document of this domain
	$row = voice_rows::find($database, 'voice_documents', $_GET['id'] ?? null, $domain_uuid);
	if ($row === null) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_documents.php');
	}
	$document_uuid = $row['voice_document_uuid'];

//the file as it was uploaded
	if (($_GET['action'] ?? '') === 'download') {
		header('Content-Security-Policy: sandbox; default-src \'none\'');
		header('X-Content-Type-Options: nosniff');
		if (!(new voice_service($database, $domain_uuid))->pass_on('/documents/'.$document_uuid.'/download')) {
			message::add($text['message-file_not_there'], 'negative');
			voice_page::go('voice_document.php?id='.urlencode($document_uuid));
		}
		exit;
	}

//get the chunks
	$list = new voice_list(['chunk_index'], 'asc', ['id' => $document_uuid]);
	$parameters = ['domain_uuid' => $domain_uuid, 'document_uuid' => $document_uuid];
	$sql_where = "where domain_uuid = :domain_uuid and voice_document_uuid = :document_uuid ".$list->searched(['chunk_text', 'chunk_heading'], $parameters);
	$num_rows = (int) $database->select("select count(*) from v_voice_chunks ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select chunk_index, chunk_text, chunk_heading, chunk_page, chunk_tokens, chunk_language from v_voice_chunks ".$sql_where;
	$sql .= "order by chunk_index asc ".limit_offset($list->rows_per_page, $list->offset);
	$chunks = $database->select($sql, $parameters, 'all');
	$chunks = is_array($chunks) ? $chunks : [];

//include header
	$document['title'] = $text['title-voice_document'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_documents.php');

//show the content
	$buttons = button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'link' => 'voice_documents.php']);
	$buttons .= button::create(['type' => 'button', 'label' => $text['button-download'], 'icon' => $settings->get('theme', 'button_icon_download'), 'link' => 'voice_document.php?id='.urlencode($document_uuid).'&action=download']);
	$list->head($settings, $text, $row['document_name'], $num_rows, $buttons, []);
	echo $text['description-voice_document']."\n<br /><br />\n";
	if (!empty($row['document_error'])) {
		voice_page::notice(escape($row['document_error']));
	}
	foreach ($chunks as $chunk) {
		echo "<div class='card' style='margin-bottom: 10px;'>\n";
		echo "<div class='voice_small'>".((int) $chunk['chunk_index'] + 1).'. '.escape($chunk['chunk_heading'] ?? '');
		echo ($chunk['chunk_page'] === null ? '' : ' &middot; '.$text['label-page'].' '.(int) $chunk['chunk_page']).' &middot; '.(int) $chunk['chunk_tokens'].' tokens &middot; '.escape($chunk['chunk_language'] ?? '')."</div>\n";
		echo "<div style='white-space: pre-wrap; overflow-wrap: anywhere;'>".voice_form::attribute($chunk['chunk_text'])."</div>\n</div>\n";
	}
	echo "<div align='center'>".$list->paging."</div>\n";

//include the footer
	require_once "resources/footer.php";

?>
